//! A herd with a host for each server.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use super::network::Network;
use super::support::client::{Client, now, seconds};
use super::support::herd::at_line_of;
use super::support::process::Server;
use super::support::wait::wait_until;

/// The doors have the same ports on every host.
const CLIENTS: u16 = 12_001;
const SERVERS: u16 = 12_101;

/// Servers, each alone on its host, and their network.
pub struct Hosts {
    // Ended before their network goes.
    pub servers: Vec<Server>,
    pub network: Network,
}

/// How a topology calls a host.
#[derive(Clone, Copy, PartialEq)]
pub enum Naming {
    Addresses,
    Names,
}

impl Hosts {
    /// A herd of these servers and links, started; the reason why there can be none here.
    pub fn start(names: &[&str], links: &str, naming: Naming) -> Result<Hosts, String> {
        let spare = Ipv4Addr::new(10, 77, 0, 99);
        let network = Network::of(names, (naming == Naming::Names).then_some(spare))?;
        let directory = network.space.directory.0.clone();
        let secret = directory.join("secret");
        fs::write(&secret, "the secret of a herd on hosts\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&secret, mode).unwrap();
        let mut text = String::new();
        for (host, name) in names.iter().enumerate() {
            let called = match naming {
                Naming::Addresses => network.address(host).to_string(),
                Naming::Names => name.to_string(),
            };
            text += &format!("server {name} {called} clients={CLIENTS} servers={SERVERS}");
            // As in a container.
            text += match naming {
                Naming::Names if host == 0 => " listen=0.0.0.0\n",
                _ => "\n",
            };
        }
        text += links;
        let server = |name: &&str| {
            let folder = directory.join(name);
            fs::create_dir_all(folder.join("run")).unwrap();
            let mut server = Server::new(name, [CLIENTS, SERVERS], folder);
            let secret = secret.display().to_string();
            server.options = vec!["--secret-file".into(), secret];
            fs::write(&server.topology, &text).unwrap();
            server
        };
        let servers = names.iter().map(server).collect();
        let mut hosts = Hosts { servers, network };
        (0..names.len()).for_each(|host| hosts.launch(host));
        // A link may have been refused before the other host was up.
        for link in links.lines() {
            let ends: Vec<&str> = link.split(' ').skip(1).collect();
            for (from, to) in [(ends[0], ends[1]), (ends[1], ends[0])] {
                let server = hosts.servers.iter().find(|server| server.name == from);
                server.unwrap().logged(&format!("link to {to} up"));
            }
        }
        Ok(hosts)
    }

    /// Starts the server of a host, and waits until its doors are open.
    pub fn launch(&mut self, host: usize) {
        let command = self.network.command(host, env!("CARGO_BIN_EXE_herd"));
        self.servers[host].launch_as(command);
        self.servers[host].greeting();
    }

    /// A client of the server of a host.
    pub fn client(&self, host: usize) -> Client {
        Client::at(SocketAddr::from((self.network.address(host), CLIENTS)))
    }

    /// How often a link of the server of a host to another one has come up so far.
    pub fn links(&self, host: usize, to: usize) -> usize {
        let to = &self.servers[to].name;
        self.servers[host].count(&format!("link to {to} up"))
    }

    /// How often the server of a host has lost its link to another one so far.
    pub fn losses(&self, host: usize, to: usize) -> usize {
        let to = &self.servers[to].name;
        self.servers[host].count(&format!("link to {to} down"))
    }

    /// Waits until the server of a host has lost its link to another one more often than that.
    pub fn lost(&self, host: usize, to: usize, before: usize) {
        let [name, other] = [host, to].map(|host| &self.servers[host].name);
        let what = format!("{name} gives up its link to {other}");
        wait_until(&what, || self.losses(host, to) > before);
    }

    /// Waits until every server has these lines, and so the same.
    pub fn agreed(&self, lines: &[String]) {
        for host in 0..self.servers.len() {
            let mut client = self.client(host);
            for line in lines {
                let name = line.split(' ').nth(3).unwrap();
                let what = format!("{} has {line}", self.servers[host].name);
                wait_until(&what, || {
                    at_line_of(&mut client, name).as_ref() == Some(line)
                });
            }
        }
    }
}

/// Moves `clients` at a server, and returns the AT lines with which it acknowledged them.
pub fn moved(client: &mut Client, clients: std::ops::Range<usize>) -> Vec<String> {
    let line = |number| {
        format!(
            "IAMAT client{number} +34.068930-118.445127 {}\n",
            seconds(now())
        )
    };
    clients.map(|number| client.ask(line(number))).collect()
}
