//! Hosts on one machine: network namespaces on a bridge in a namespace of its own, with cables that
//! can be cut, slowed, or made to lose packets. The test program is one more host.
//!
//! It takes root, iproute2 and nftables. Everything goes with the [`Network`]; what a killed test
//! leaves has the test's process in its name.

use std::fs;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Hosts, by their names, and the switch between them.
pub struct Network {
    /// The start of all names: `herd-PID-NUMBER`.
    prefix: String,
    /// The third byte of the addresses.
    subnet: u8,
    hosts: Vec<String>,
}

impl Network {
    /// A network of these hosts, or the reason why there is none here.
    pub fn of(hosts: &[&str]) -> Result<Network, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        for tool in ["ip", "tc", "nft"] {
            if !can_run(tool) {
                return Err(format!("{tool} is not installed"));
            }
        }
        let network = Network {
            prefix: format!("herd-{pid}-{number}"),
            subnet: ((pid + number) % 250) as u8,
            hosts: hosts.iter().map(|name| name.to_string()).collect(),
        };
        network.build()?;
        Ok(network)
    }

    fn build(&self) -> Result<(), String> {
        let switch = self.switch();
        run("ip", &format!("netns add {switch}"))?;
        run("ip", &format!("-n {switch} link add br0 type bridge"))?;
        run("ip", &format!("-n {switch} link set br0 up"))?;
        let names: String = (0..self.hosts.len())
            .map(|host| format!("{} {}\n", self.address(host), self.hosts[host]))
            .collect();
        for host in 0..self.hosts.len() {
            let (name, address) = (self.namespace(host), self.address(host));
            run("ip", &format!("netns add {name}"))?;
            // Shown to each command in that namespace as its /etc/hosts (ip-netns(8)).
            let folder = format!("/etc/netns/{name}");
            fs::create_dir_all(&folder).map_err(|error| format!("{folder}: {error}"))?;
            let text = format!("127.0.0.1 localhost\n{names}");
            fs::write(format!("{folder}/hosts"), text).map_err(|error| error.to_string())?;
            run(
                "ip",
                &format!("-n {switch} link add p{host} type veth peer name eth0 netns {name}"),
            )?;
            run("ip", &format!("-n {switch} link set p{host} master br0 up"))?;
            run("ip", &format!("-n {name} addr add {address}/24 dev eth0"))?;
            run("ip", &format!("-n {name} link set eth0 up"))?;
            run("ip", &format!("-n {name} link set lo up"))?;
        }
        let (own, subnet) = (self.own_link(), self.subnet);
        run(
            "ip",
            &format!("link add {own} type veth peer name own netns {switch}"),
        )?;
        run("ip", &format!("-n {switch} link set own master br0 up"))?;
        run("ip", &format!("addr add 10.77.{subnet}.254/24 dev {own}"))?;
        run("ip", &format!("link set {own} up"))
    }

    fn switch(&self) -> String {
        format!("{}-switch", self.prefix)
    }

    /// Our own end of a cable. A name has 15 bytes at most.
    fn own_link(&self) -> String {
        format!("h{}", &self.prefix["herd-".len()..])
    }

    fn namespace(&self, host: usize) -> String {
        format!("{}-{}", self.prefix, self.hosts[host])
    }

    /// The address of a host.
    pub fn address(&self, host: usize) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.subnet, host as u8 + 1)
    }

    /// The start of a command that runs on a host; the program follows.
    pub fn command(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(host), program]);
        command
    }

    /// Pulls the cable of a host, or plugs it in again.
    pub fn plug(&self, host: usize, is_in: bool) {
        let to = if is_in { "up" } else { "down" };
        must("ip", &format!("-n {} link set p{host} {to}", self.switch()));
    }

    /// A host receives only this many of a hundred packets that come from `from`.
    pub fn receive(&self, host: usize, from: usize, percent: u32) {
        let (to, address) = (self.namespace(host), self.address(from));
        let table = format!("from{from}");
        // It need not be there.
        let _ = run(
            "ip",
            &format!("netns exec {to} nft delete table ip {table}"),
        );
        if percent == 100 {
            return;
        }
        let rules = format!(
            "add table ip {table}; \
             add chain ip {table} in {{ type filter hook input priority 0; }}; \
             add rule ip {table} in ip saddr {address} numgen random mod 100 >= {percent} drop"
        );
        let mut command = self.command(host, "nft");
        let done = command.arg(rules).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// A host receives no more than this many bits a second, behind a queue of 8 s of them.
    pub fn slow(&self, host: usize, bits: u32) {
        let shape = format!("tbf rate {bits}bit burst 4kb latency 8s");
        let switch = self.switch();
        must(
            "tc",
            &format!("-n {switch} qdisc replace dev p{host} root {shape}"),
        );
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = run("ip", &format!("link del {}", self.own_link()));
        for host in 0..self.hosts.len() {
            let name = self.namespace(host);
            let _ = run("ip", &format!("netns del {name}"));
            let _ = fs::remove_dir_all(format!("/etc/netns/{name}"));
        }
        let _ = run("ip", &format!("netns del {}", self.switch()));
    }
}

fn can_run(tool: &str) -> bool {
    let mut command = Command::new(tool);
    let command = command
        .arg("-V")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}

/// Runs a command; its error is what it said.
fn run(program: &str, words: &str) -> Result<(), String> {
    let done = Command::new(program).args(words.split(' ')).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    match done.status.success() {
        true => Ok(()),
        false => Err(format!("{program} {words}: {}", said.trim())),
    }
}

fn must(program: &str, words: &str) {
    if let Err(why) = run(program, words) {
        panic!("{why}");
    }
}
