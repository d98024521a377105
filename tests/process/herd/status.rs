//! `herd status` on real processes: who is up, who is not, who differs, and counters that move.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::thread;

use herd::limits::Limits;
use herd::secret::{ASKER, Secret, question};
use serde_json::Value;

use super::iamat;
use super::support::client::{Client, ask_text};
use super::support::herd::{Directory, Herd, at_line};
use super::support::ports::free_port;
use super::support::wait::{wait_for, wait_until};

/// `herd status` of a topology.
pub fn status(topology: &str, options: &[&str]) -> Output {
    verb("status", topology, options)
}

/// A verb about a topology.
pub fn verb(verb: &str, topology: &str, options: &[&str]) -> Output {
    let directory = Directory::new();
    let file = directory.0.join("t.txt");
    fs::write(&file, topology).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
    command.arg(verb).arg("-t").arg(file).args(options);
    command.output().unwrap()
}

/// The topology as it is, without any proxy.
pub fn truth(herd: &Herd) -> String {
    let servers = herd.servers.iter().map(|server| {
        let (name, clients, servers) = (&server.name, server.clients, server.servers);
        format!("server {name} 127.0.0.1 clients={clients} servers={servers}\n")
    });
    let links = herd.links.iter();
    let links = links.map(|[one, other]| format!("link {one} {other}\n"));
    servers.chain(links).collect()
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

pub fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A health check: the exit status is about this server, whatever the others do.
#[test]
fn one_server_is_asked_by_its_name() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.start();
    let truth = truth(&herd) + "server P 127.0.0.1 clients=1 plain\n";
    herd["B"].kill();
    let output = status(&truth, &["A", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let all = json(&output);
    assert_eq!(
        (all.as_array().unwrap().len(), &all[0]["name"]),
        (1, &"A".into())
    );
    assert!(all[0]["links"].is_array());
    let (code, _, stderr) = said(&status(&truth, &["B"]));
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("herd: down: B"), "{stderr}");
    let (code, _, stderr) = said(&verb("metrics", &truth, &["A", "B"]));
    assert_eq!(code, Some(2));
    let why = "herd: metrics takes one name, not \"B\", too; ";
    assert!(stderr.starts_with(why), "{stderr}");
    for (words, why) in [
        (&["C"][..], "no server is called \"C\" in "),
        (&["P"], "P is plain in "),
        (&["A", "B"], "status takes one name, not \"B\", too; "),
    ] {
        let (code, _, stderr) = said(&status(&truth, words));
        assert_eq!(code, Some(2));
        assert!(stderr.starts_with(&format!("herd: {why}")), "{stderr}");
    }
}

#[test]
fn a_herd_that_is_well_says_so_and_its_counters_move() {
    let herd = Herd::running("topology.txt");
    let truth = truth(&herd);
    let goloman = &herd["Goloman"];
    let mut client = goloman.client();
    let at = client.ask(iamat("k"));
    client.ask("nonsense\n");
    assert_eq!(herd.agreed("k"), at);
    // Until the neighbours have said that they have it, and a second has been accounted for.
    let all = wait_for("all is quiet", || {
        let output = status(&truth, &["--json"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let all = json(&output);
        let is_quiet = |server: &Value| {
            let links = server["links"].as_array().unwrap();
            server["loop"]["period_seconds"].as_f64().unwrap() > 1.0
                && links.iter().all(|link| link["lag"] == 0)
        };
        all.as_array().unwrap().iter().all(is_quiet).then_some(all)
    });
    for (server, shown) in herd.servers.iter().zip(all.as_array().unwrap()) {
        assert_eq!(shown["name"], server.name.as_str());
        assert_eq!((&shown["up"], &shown["known"]), (&true.into(), &1.into()));
        assert_eq!(shown["pid"], server.pid());
        assert_eq!(shown["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(shown["digest"], all[0]["digest"]);
        let links = shown["links"].as_array().unwrap();
        assert!(!links.is_empty());
        for link in links {
            assert_eq!(
                (&link["state"], &link["hears"]),
                (&"up".into(), &true.into())
            );
            assert_eq!(link["version"], env!("CARGO_PKG_VERSION"));
        }
        let shares = shown["loop"]["shares"].as_object().unwrap();
        let sum: f64 = shares.values().map(|share| share.as_f64().unwrap()).sum();
        assert!(shares.len() == 5 && (sum - 1.0).abs() < 0.01, "{shown}");
        assert!(shown["loop"]["turns"].as_u64() > Some(0), "{shown}");
        assert!(shown["longest_turn_us"].as_u64() > Some(0), "{shown}");
        assert_eq!(
            shown["journal"]["state"].as_str().map(str::is_empty),
            Some(false)
        );
        assert!(shown["up_seconds"].is_u64() && shown["limits_hit"].is_object());
        assert!(shown["up_since"].as_str() > Some("2020"), "{shown}");
        assert!(shown["clients_max"].as_u64() > Some(100), "{shown}");
    }
    let first = &all[0];
    // The WHATSATs are those that asked whether all agree.
    assert_eq!(
        (&first["clients"], &first["totals"]["iamat"]),
        (&1.into(), &1.into())
    );
    assert!(first["totals"]["whatsat"].as_u64() >= Some(1), "{first}");
    assert!(first["totals"]["at_out"].as_u64() >= Some(3), "{first}");
    assert_eq!(all[3]["totals"]["at_in"], 1, "Welsh has one neighbour");

    client.ask(iamat("k"));
    wait_until("the counter has moved", || {
        json(&status(&truth, &["--json"]))[0]["totals"]["iamat"] == 2
    });
    wait_until("it shows in the rate", || {
        let all = json(&status(&truth, &["--json"]));
        all[0]["rates"]["iamat"].as_f64() > Some(0.0)
    });
    let (_, table, _) = said(&status(&truth, &[]));
    for server in &herd.servers {
        let rows = table.lines().filter(|line| line.starts_with(&server.name));
        assert_eq!(rows.count(), 4, "{table}");
    }
    // No link minds, and no client can ask.
    assert_eq!(goloman.count("link to Hands up"), 1);
    assert_eq!(goloman.count("[WARN]"), 0);
    assert_eq!(client.ask("STATUS\n"), "? STATUS");
    let line = ask_text(goloman.servers, "STATUS\n");
    assert!(line.starts_with('{') && line.ends_with("}\n"), "{line}");
}

#[test]
fn a_server_that_is_down_or_hangs_is_named_and_the_others_are_shown() {
    let mut herd = Herd::running("topology.txt");
    let truth = truth(&herd) + "server Old 127.0.0.1 clients=9 plain\nlink Old Welsh\n";
    herd["Hands"].kill();
    let (code, table, error) = said(&status(&truth, &[]));
    assert_eq!(code, Some(1), "{table}");
    assert_eq!(error, "herd: down: Hands\n");
    assert!(table.contains("\nHands    down\n"), "{table}");
    assert!(table.contains("\nOld      plain\n"), "{table}");
    assert!(
        table.ends_with("\nHands is down: nobody listens there\n"),
        "{table}"
    );
    herd["Welsh"].signal("STOP");
    let output = status(&truth, &["--json"]);
    let (all, (code, _, error)) = (json(&output), said(&output));
    assert_eq!(code, Some(1));
    let want = "herd: down: Hands, Welsh\n";
    assert_eq!(error, want);
    let ups: Vec<bool> = (0..5).map(|place| all[place]["up"] == true).collect();
    assert_eq!(ups, [true, false, true, false, true]);
    assert_eq!(all[3]["error"], "no answer within 2 s");
    assert_eq!(
        (&all[5]["plain"], &all[5]["up"]),
        (&true.into(), &Value::Null)
    );
    let link = |state: &str| {
        let all = json(&status(&truth, &["--json"]));
        let links = all[0]["links"].as_array().unwrap().clone();
        links
            .iter()
            .any(|link| link["name"] == "Hands" && link["state"] == state)
    };
    wait_until("Goloman is seen to have lost it", || {
        link("down") || link("dialling")
    });
    herd["Welsh"].signal("CONT");
    herd["Hands"].start();
    wait_until("all is well again", || {
        status(&truth, &[]).status.code() == Some(0)
    });
}

#[test]
fn servers_that_do_not_know_the_same_are_named() {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    let mut proxies = [
        herd.between("Goloman", "Hands"),
        herd.between("Hands", "Goloman"),
    ];
    herd.start();
    let truth = truth(&herd);
    assert_eq!(said(&status(&truth, &["--json"])).0, Some(0));
    proxies.iter_mut().for_each(|proxy| proxy.cut());
    let at = herd["Goloman"].client().ask(iamat("k"));
    let output = status(&truth, &["--json"]);
    let all = json(&output);
    assert_eq!((&all[0]["known"], &all[1]["known"]), (&1.into(), &0.into()));
    assert_eq!(all[0]["links"][0]["lag"], 1);
    let (code, _, error) = said(&output);
    assert_eq!(code, Some(1));
    let digest = all[0]["digest"].as_str().unwrap();
    let want = format!("digests differ: 0000000000000000 at Hands, {digest} at Goloman");
    let wants = [format!("herd: {want}\n"), format!("herd: {want}; ")];
    assert!(wants.iter().any(|it| error.starts_with(it)), "{error}");
    proxies.iter_mut().for_each(|proxy| proxy.heal());
    wait_until("both know it", || {
        at_line(herd["Hands"].clients, "k").as_ref() == Some(&at)
    });
    wait_until("and the links are up again", || {
        said(&status(&truth, &[])).0 == Some(0)
    });
}

/// A server elsewhere, played by hand: it wants a proof. From here everything is loopback.
#[test]
fn who_asks_from_elsewhere_proves_that_it_knows_the_secret() {
    const SECRET: &str = "correct-horse-battery";
    const NONCE: &str = "ffeeddccbbaa99887766554433221100";
    let directory = Directory::new();
    let file = directory.0.join("secret");
    fs::write(&file, SECRET).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let server = thread::spawn(move || {
        for _ in 0..6 {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let (mut first, mut second) = (String::new(), String::new());
            stream.read_line(&mut first).unwrap();
            let nonce = first.trim_end().strip_prefix("STATUS ").unwrap();
            let challenge = format!("STATUS {NONCE}\n");
            stream.get_mut().write_all(challenge.as_bytes()).unwrap();
            stream.read_line(&mut second).unwrap();
            let proof = second.trim_end().strip_prefix("AUTH ").unwrap_or("");
            let nonces = [nonce.as_bytes(), NONCE.as_bytes()];
            let secret = Secret::new(SECRET.as_bytes()).unwrap();
            let answer = match secret.accepts(proof.as_bytes(), &question(ASKER, b"Far", nonces)) {
                true => "{\"name\": \"Far\", \"up\": true, \"digest\": \"1\"}\n".to_string(),
                false => format!("? {}", second),
            };
            // The asker without a secret has gone.
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    let far = format!("server Far 127.0.0.1 clients=9 servers={port}\n");
    let (code, table, error) = said(&status(&far, &[]));
    let want = "herd: locked: Far; give --secret-file FILE\n";
    assert_eq!((code, error.as_str()), (Some(2), want));
    let why = "Far is locked: it wants proof; give its secret with --secret-file FILE\n";
    assert!(table.ends_with(why), "{table}");
    let (code, samples, error) = said(&verb("metrics", &far, &[]));
    let want = "herd: locked: Far; give --secret-file FILE\n";
    assert_eq!((code, error.as_str()), (Some(2), want));
    assert!(samples.contains("herd_up{server=\"Far\"} 0\n"), "{samples}");
    let want = "LOCKED: Far; give --secret-file FILE\n";
    let want = (Some(2), want.to_string(), String::new());
    assert_eq!(said(&status(&far, &["--check"])), want);
    let with = ["--json", "--secret-file", file.to_str().unwrap()];
    let output = status(&far, &with);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(json(&output)[0]["digest"], "1");
    // Of several secrets it tries each in turn.
    fs::write(&file, format!("not-the-right-secret\n{SECRET}\n")).unwrap();
    let output = status(&far, &with);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(json(&output)[0]["digest"], "1");
    server.join().unwrap();
}

#[test]
fn what_is_no_server_of_the_herd_is_down() {
    let herd = Herd::one();
    let goloman = &herd["Goloman"];
    let (clients, servers) = (goloman.clients, goloman.servers);
    for (line, why) in [
        (
            format!("server Hands 127.0.0.1 clients={clients} servers={servers}\n"),
            "Goloman listens there; correct the topology",
        ),
        (
            format!("server Goloman 127.0.0.1 clients={servers} servers={clients}\n"),
            "it refuses without a reason; correct its servers= port in the topology",
        ),
    ] {
        let (code, table, _) = said(&status(&line, &[]));
        assert_eq!(code, Some(1));
        assert!(table.ends_with(&format!(" is down: {why}\n")), "{table}");
    }
    // Somebody who hangs around at the door does not keep others from asking.
    let silent: Vec<Client> = (0..5).map(|_| Client::of(servers)).collect();
    assert_eq!(status(&truth(&herd), &[]).status.code(), Some(0));
    drop(silent);
    // One more than may come in is turned away, and counted.
    let crowd: Vec<Client> = (0..Limits::PRODUCT.unidentified + 1)
        .map(|_| Client::of(servers))
        .collect();
    drop(crowd);
    wait_until("the limit is seen to have been hit", || {
        let all = json(&status(&truth(&herd), &["--json"]));
        all[0]["limits_hit"]["unidentified"].as_u64() >= Some(1)
    });
}

/// Two neighbours of which one has other words in its topology or another secret. Until somebody
/// corrects that, the status says so, and both logs have the reason.
#[test]
fn an_edge_that_is_refused_is_no_healthy_herd() {
    let secret = |herd: &mut Herd, name: &str, text: &str| {
        let file = herd[name].topology.with_extension("secret");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let file = file.to_str().unwrap().to_string();
        herd[name]
            .options
            .extend(["--secret-file".to_string(), file]);
    };
    for (reason, one, other) in [
        ("is not a neighbour of Hands", "", ""),
        (
            "the secrets differ",
            "correct horse battery staple",
            "wrong horse battery staple",
        ),
        ("one has ", "correct horse battery staple", ""),
    ] {
        let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
        herd.write_topologies();
        let truth = truth(&herd);
        for (name, text) in [("Goloman", one), ("Hands", other)] {
            if !text.is_empty() {
                secret(&mut herd, name, text);
            }
        }
        if one.is_empty() {
            let alone = truth.replace("link", "# link");
            fs::write(&herd["Hands"].topology, alone).unwrap();
        }
        herd.servers.iter_mut().for_each(|server| server.start());
        herd["Goloman"].logged(reason);
        herd["Hands"].logged(reason);
        let (code, table) = wait_for("the status names the link", || {
            let (code, table, error) = said(&status(&truth, &[]));
            let is_named = error.contains("Goloman has trouble with Hands: ");
            is_named.then_some((code, table))
        });
        assert_eq!(code, Some(1), "{table}");
        assert!(table.contains("Hands refused"), "{table}");
        assert!(table.contains(reason), "{table}");
    }
}
