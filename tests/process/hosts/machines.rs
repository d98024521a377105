//! Servers on machines of their own: a network name space each, and a bridge between them that can
//! be cut, slow, late and lossy. `make hosts` prints what was held.

use std::process::Command;

use super::support::process::Server;
use super::support::space::{Space, run};
use super::support::wait::wait_until;
use super::{ask, has_answered, herd, iamat, secret_of};

const NAMES: [&str; 3] = ["A", "B", "C"];

/// The name of a row, what is done to B's connection to the network, and what undoes it.
const WEATHER: [(&str, &str, &str); 5] = [
    ("calm", "true", "true"),
    (
        "256 kbit/s",
        "tc -n B qdisc add dev eth0 root tbf rate 256kbit burst 4kb latency 1s",
        TC,
    ),
    (
        "100 ms late, ± 50 ms",
        "tc -n B qdisc add dev eth0 root netem delay 100ms 50ms",
        TC,
    ),
    (
        "one packet of ten is lost",
        "tc -n B qdisc add dev eth0 root netem loss 10%",
        TC,
    ),
    ("cut", "ip link set vB down", "ip link set vB up"),
];
const TC: &str = "tc -n B qdisc del dev eth0 root";

/// Three machines with an address and a name each; this one is 10.8.0.254. False: there is no room
/// for them here.
fn machines(space: &Space) -> bool {
    let trial = "mount -t tmpfs tmpfs /run && ip link add br0 type bridge && ip netns add A";
    if !succeeds(trial) {
        return false;
    }
    run("ip addr add 10.8.0.254/24 dev br0 && ip link set br0 up");
    run("ip netns add B && ip netns add C");
    let mut hosts = "127.0.0.1 localhost\n".to_string();
    for (name, last) in NAMES.into_iter().zip(1..) {
        run(&format!(
            "ip link add v{name} type veth peer name eth0 netns {name}"
        ));
        run(&format!("ip link set v{name} master br0 up"));
        run(&format!("ip -n {name} addr add 10.8.0.{last}/24 dev eth0"));
        run(&format!(
            "ip -n {name} link set eth0 up && ip -n {name} link set lo up"
        ));
        hosts += &format!("10.8.0.{last} {name}.test\n");
    }
    // C has a second address, at which nobody answers.
    space.names(&format!("{hosts}10.8.0.99 C.test\n"));
    true
}

fn succeeds(line: &str) -> bool {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    output.status.success()
}

/// Starts a server on its machine.
fn start(server: &mut Server) {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &server.name, env!("CARGO_BIN_EXE_herd")]);
    server.launch_as(command);
    server.greeting();
}

/// A client moves at one end of the herd, and is known at the other.
fn news_travels(client: &str) {
    wait_until(&format!("C has heard of {client}"), || {
        let answer = ask("10.8.0.3:12003", &format!("WHATSAT {client} 10 0\n"));
        answer.is_ok_and(|answer| answer.starts_with("AT A "))
    });
}

/// A has listen=0.0.0.0, as in a container; C is a name with two addresses; B is between them.
#[test]
fn a_herd_on_several_machines_agrees_in_any_weather() {
    let test = "hosts::machines::a_herd_on_several_machines_agrees_in_any_weather";
    let Some(space) = Space::enter(test) else {
        return;
    };
    if !machines(&space) {
        return println!("skipped: no bridge, or no ip netns, for this user");
    }
    let text = "server A A.test clients=12001 servers=12101 listen=0.0.0.0\n\
        server B B.test clients=12002 servers=12102\n\
        server C C.test clients=12003 servers=12103\nlink A B\nlink B C\n";
    let mut herd = herd(&space, text, NAMES);
    secret_of(&space, &mut herd);
    herd.iter_mut().for_each(start);
    let [a, b, c] = &herd;
    for [from, to] in [[a, b], [b, a], [b, c], [c, b]] {
        from.logged(&format!("link to {} up", to.name));
    }
    println!("weather at B               held");
    for (number, (weather, begin, end)) in WEATHER.into_iter().enumerate() {
        if !succeeds(begin) {
            println!("{weather:25}  skipped: not in this kernel");
            continue;
        }
        let is_cut = weather == "cut";
        has_answered(ask("10.8.0.1:12001", &iamat(&format!("kiwi{number}"))));
        if is_cut {
            // Nothing says that the network is gone, but silence.
            a.logged("silent for too long");
            run(end);
        }
        news_travels(&format!("kiwi{number}"));
        if !is_cut {
            run(end);
        }
        println!("{weather:25}  A's news is known at C");
    }
    let [_, b, _] = &mut herd;
    b.kill();
    has_answered(ask("10.8.0.1:12001", &iamat("plum")));
    start(b);
    news_travels("plum");
    println!("{:25}  A's news is known at C", "killed, started again");
}
