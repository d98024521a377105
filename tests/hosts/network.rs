//! Hosts on one machine: network namespaces on a bridge, with cables that can be cut, slowed, or
//! made to lose packets. The test program is one more host.
//!
//! All of it is inside the name spaces of the test ([`Space`]), and ends with them. It takes
//! iproute2 and nftables.

use std::net::Ipv4Addr;
use std::process::Command;

use super::support::space::{Space, run, tried};

/// Hosts, by their names, and the switch between them.
pub struct Network {
    pub space: Space,
    hosts: Vec<String>,
}

impl Network {
    /// A network of these hosts, or the reason why there is none here. `spare` is an address of the
    /// last host's name at which nobody answers.
    pub fn of(hosts: &[&str], spare: Option<Ipv4Addr>) -> Result<Network, String> {
        tried("ip -V && tc -V && nft -v")?;
        // There ip-netns(8) keeps the names of namespaces.
        tried("mount -t tmpfs tmpfs /run && ip link add br0 type bridge")?;
        run("ip addr add 10.77.0.254/24 dev br0 && ip link set br0 up");
        let network = Network {
            space: Space::inside(),
            hosts: hosts.iter().map(|name| name.to_string()).collect(),
        };
        let mut names = "127.0.0.1 localhost\n".to_string();
        for (host, name) in hosts.iter().enumerate() {
            let address = network.address(host);
            tried(&format!("ip netns add {name}"))?;
            let cable = format!("p{host} type veth peer name eth0 netns {name}");
            run(&format!("ip link add {cable}"));
            run(&format!("ip link set p{host} master br0 up"));
            run(&format!("ip -n {name} addr add {address}/24 dev eth0"));
            run(&format!("ip -n {name} link set eth0 up"));
            run(&format!("ip -n {name} link set lo up"));
            names += &format!("{address} {name}\n");
        }
        if let (Some(spare), Some(last)) = (spare, hosts.last()) {
            names += &format!("{spare} {last}\n");
        }
        network.space.names(&names);
        Ok(network)
    }

    /// The address of a host.
    pub fn address(&self, host: usize) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, 0, host as u8 + 1)
    }

    /// The start of a command that runs on a host; the program follows.
    pub fn command(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.hosts[host], program]);
        command
    }

    /// Pulls the cable of a host, or plugs it in again.
    pub fn plug(&self, host: usize, is_in: bool) {
        let to = if is_in { "up" } else { "down" };
        run(&format!("ip link set p{host} {to}"));
    }

    /// A host receives only this many of a hundred packets that come from `from`.
    pub fn receive(&self, host: usize, from: usize, percent: u32) {
        let (name, address) = (&self.hosts[host], self.address(from));
        let nft = format!("ip netns exec {name} nft");
        let table = format!("from{from}");
        // It need not be there.
        let _ = tried(&format!("{nft} delete table ip {table}"));
        if percent < 100 {
            run(&format!(
                "{nft} 'add table ip {table}; \
                 add chain ip {table} in {{ type filter hook input priority 0; }}; \
                 add rule ip {table} in ip saddr {address} numgen random mod 100 >= {percent} drop'"
            ));
        }
    }

    /// A host receives no more than this many bits a second, behind a queue of 8 s of them.
    pub fn slow(&self, host: usize, bits: u32) {
        let shape = format!("tbf rate {bits}bit burst 4kb latency 8s");
        run(&format!("tc qdisc replace dev p{host} root {shape}"));
    }

    /// A host receives every packet later by this time, give or take half of it; or the reason why
    /// this kernel cannot do that.
    pub fn delay(&self, host: usize, milliseconds: u32) -> Result<(), String> {
        let delay = format!("delay {milliseconds}ms {}ms", milliseconds / 2);
        tried(&format!("tc qdisc replace dev p{host} root netem {delay}"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The next row builds another one here.
        let _ = tried("ip link del br0");
        for (host, name) in self.hosts.iter().enumerate() {
            // A name space, and its end of a cable, may outlive its name for a while.
            let _ = tried(&format!("ip link del p{host}"));
            let _ = tried(&format!("ip netns del {name}"));
        }
    }
}
