//! A rust-libp2p peer for the runs of interop/: told what to do by JSON lines on standard input, it answers by JSON lines on standard output and
//! ends with its input. Its one argument is its configuration.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::connection::ConnectedPoint;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::Transport as _;
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity};
use libp2p::kad::{self, store::MemoryStore, QueryId, QueryResult, RecordKey};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, NetworkBehaviour, SwarmEvent};
use libp2p::{identify, noise, ping, relay, tcp, tls, yamux, Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder};
use serde::Deserialize;
use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, BufReader};

#[derive(Deserialize)]
struct Config {
    network: String,
    listen: Vec<String>,
    security: Vec<String>,
    kad: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Command {
    id: u64,
    r#do: String,
    addrs: Vec<String>,
    peer: String,
    /// In hex: the bytes that the DHT knows a key by.
    multihash: String,
    topic: String,
    data: String,
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    kad: libp2p::swarm::behaviour::toggle::Toggle<kad::Behaviour<MemoryStore>>,
    gossipsub: gossipsub::Behaviour,
    relay: relay::Behaviour,
}

fn behaviour(key: &libp2p::identity::Keypair, config: &Config) -> Result<Behaviour, Box<dyn Error + Send + Sync>> {
    let peer = key.public().to_peer_id();
    let kad = config.kad.then(|| {
        let protocol = StreamProtocol::try_from_owned(format!("/shoal/{}/kad/1.0.0", config.network)).expect("a protocol id");
        let mut behaviour = kad::Behaviour::with_config(peer, MemoryStore::new(peer), kad::Config::new(protocol));
        behaviour.set_mode(Some(kad::Mode::Server));
        behaviour
    });
    Ok(Behaviour {
        identify: identify::Behaviour::new(identify::Config::new("interop/1".into(), key.public()).with_agent_version("rust-libp2p".into())),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(1))),
        kad: kad.into(),
        gossipsub: gossipsub::Behaviour::new(MessageAuthenticity::Signed(key.clone()), gossipsub::Config::default())?,
        relay: relay::Behaviour::new(peer, relay::Config::default()),
    })
}

macro_rules! swarm {
    ($config:expr, $security:expr, $again:expr) => {
        SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), $security, yamux::Config::default)?
            .with_quic()
            .with_other_transport(|key| {
                let certificate = libp2p_webrtc::tokio::Certificate::generate(&mut rand::rng())?;
                let transport = libp2p_webrtc::tokio::Transport::new(key.clone(), certificate);
                Ok(transport.map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection))))
            })?
            .with_dns()?
            .with_websocket($again, yamux::Config::default)
            .await?
            .with_behaviour(|key| behaviour(key, $config))?
            .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(3600)))
            .build()
    };
}

async fn build(config: &Config) -> Result<Swarm<Behaviour>, Box<dyn Error>> {
    let names: Vec<&str> = config.security.iter().map(String::as_str).collect();
    Ok(match names[..] {
        ["tls"] => swarm!(config, tls::Config::new, tls::Config::new),
        ["noise"] => swarm!(config, noise::Config::new, noise::Config::new),
        ["noise", "tls"] => {
            swarm!(config, (noise::Config::new, tls::Config::new), (noise::Config::new, tls::Config::new))
        }
        _ => return Err(format!("security {names:?}").into()),
    })
}

#[derive(Default)]
struct State {
    connections: HashMap<ConnectionId, (PeerId, ConnectedPoint)>,
    known: HashMap<PeerId, Value>,
    pinged: HashMap<PeerId, f64>,
    heard: HashMap<String, Vec<Value>>,
    dials: HashMap<ConnectionId, u64>,
    queries: HashMap<QueryId, (u64, Vec<Value>)>,
    /// Answered as soon as it is known.
    identifies: Vec<(u64, PeerId)>,
    pings: Vec<(u64, PeerId)>,
}

fn say(line: Value) {
    println!("{line}");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // two are compiled in, one by libp2p and one by WebRTC, which panics where none was chosen
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config: Config = serde_json::from_str(&std::env::args().nth(1).ok_or("usage: interop '{\"network\":…}'")?)?;
    let mut swarm = build(&config).await?;
    let me = *swarm.local_peer_id();
    for addr in &config.listen {
        swarm.listen_on(addr.parse()?)?;
    }
    let mut addrs: Vec<String> = Vec::new();
    while addrs.len() < config.listen.len() {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            addrs.push(format!("{address}/p2p/{me}"));
            // a relay and a provider tell others where they are
            swarm.add_external_address(address);
        }
    }
    say(json!({ "ready": { "peer": me.to_string(), "addrs": addrs } }));

    let mut state = State::default();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                None => return Ok(()),
                Some(line) => {
                    let command: Command = serde_json::from_str(&line)?;
                    let id = command.id;
                    match obey(&mut swarm, &mut state, &addrs, command) {
                        Ok(Some(ok)) => say(json!({ "id": id, "ok": ok })),
                        Ok(None) => {}
                        Err(error) => say(json!({ "id": id, "error": error.to_string() })),
                    }
                }
            },
            event = swarm.select_next_some() => happened(&mut swarm, &mut state, event),
        }
    }
}

/// `None`: the answer comes later.
fn obey(swarm: &mut Swarm<Behaviour>, state: &mut State, addrs: &[String], c: Command) -> Result<Option<Value>, Box<dyn Error>> {
    Ok(Some(match c.r#do.as_str() {
        "addrs" => json!(addrs),
        "connections" => json!(state.connections.values().map(connection).collect::<Vec<_>>()),
        "dial" => {
            let addr: Multiaddr = c.addrs.first().ok_or("no address")?.parse()?;
            let options = DialOpts::from(addr);
            state.dials.insert(options.connection_id(), c.id);
            swarm.dial(options)?;
            return Ok(None);
        }
        "hangup" => {
            let _ = swarm.disconnect_peer_id(c.peer.parse()?);
            json!("done")
        }
        "identify" => {
            let peer: PeerId = c.peer.parse()?;
            match state.known.get(&peer) {
                Some(known) => known.clone(),
                None => {
                    state.identifies.push((c.id, peer));
                    return Ok(None);
                }
            }
        }
        "ping" => {
            let peer: PeerId = c.peer.parse()?;
            match state.pinged.get(&peer) {
                Some(ms) => json!({ "ms": ms }),
                None => {
                    state.pings.push((c.id, peer));
                    return Ok(None);
                }
            }
        }
        "provide" => {
            let query = kad(swarm)?.start_providing(RecordKey::new(&hex::decode(&c.multihash)?))?;
            state.queries.insert(query, (c.id, Vec::new()));
            return Ok(None);
        }
        "find" => {
            let query = kad(swarm)?.get_providers(RecordKey::new(&hex::decode(&c.multihash)?));
            state.queries.insert(query, (c.id, Vec::new()));
            return Ok(None);
        }
        "subscribe" => {
            swarm.behaviour_mut().gossipsub.subscribe(&IdentTopic::new(&c.topic))?;
            json!("done")
        }
        "publish" => {
            swarm.behaviour_mut().gossipsub.publish(IdentTopic::new(&c.topic), hex::decode(&c.data)?)?;
            json!("done")
        }
        "heard" => json!(state.heard.get(&c.topic).cloned().unwrap_or_default()),
        other => return Err(format!("there is no command {other:?}").into()),
    }))
}

fn kad(swarm: &mut Swarm<Behaviour>) -> Result<&mut kad::Behaviour<MemoryStore>, Box<dyn Error>> {
    swarm.behaviour_mut().kad.as_mut().ok_or_else(|| "started without the DHT".into())
}

fn connection((peer, point): &(PeerId, ConnectedPoint)) -> Value {
    let direction = if point.is_dialer() { "Outbound" } else { "Inbound" };
    json!({ "peer": peer.to_string(), "addr": point.get_remote_address().to_string(), "direction": direction, "security": "", "muxer": "" })
}

fn happened(swarm: &mut Swarm<Behaviour>, state: &mut State, event: SwarmEvent<BehaviourEvent>) {
    match event {
        SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
            state.connections.insert(connection_id, (peer_id, endpoint));
            if let Some(id) = state.dials.remove(&connection_id) {
                say(json!({ "id": id, "ok": connection(&state.connections[&connection_id]) }));
            }
        }
        SwarmEvent::ConnectionClosed { connection_id, .. } => {
            state.connections.remove(&connection_id);
        }
        SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
            if let Some(id) = state.dials.remove(&connection_id) {
                say(json!({ "id": id, "error": error.to_string() }));
            }
        }
        SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
            if let Some(kad) = swarm.behaviour_mut().kad.as_mut() {
                if info.protocols.iter().any(|protocol| kad.protocol_names().contains(protocol)) {
                    for addr in &info.listen_addrs {
                        kad.add_address(&peer_id, addr.clone());
                    }
                }
            }
            let known = json!({
                "agent": info.agent_version,
                "protocols": info.protocols.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "addrs": info.listen_addrs.iter().map(ToString::to_string).collect::<Vec<_>>(),
            });
            state.identifies.retain(|(id, peer)| {
                if *peer == peer_id {
                    say(json!({ "id": id, "ok": known }));
                }
                *peer != peer_id
            });
            state.known.insert(peer_id, known);
        }
        SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { peer, result: Ok(rtt), .. })) => {
            let ms = rtt.as_secs_f64() * 1000.0;
            state.pinged.insert(peer, ms);
            state.pings.retain(|(id, waiting)| {
                if *waiting == peer {
                    say(json!({ "id": id, "ok": { "ms": ms } }));
                }
                *waiting != peer
            });
        }
        SwarmEvent::Behaviour(BehaviourEvent::Gossipsub(gossipsub::Event::Message { propagation_source, message, .. })) => {
            let from = message.source.map(|peer| peer.to_string()).unwrap_or_default();
            let heard = json!({ "from": from, "via": propagation_source.to_string(), "data": hex::encode(&message.data) });
            state.heard.entry(message.topic.to_string()).or_default().push(heard);
        }
        SwarmEvent::Behaviour(BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed { id, result, step, .. })) => {
            progressed(swarm, state, id, result, step.last);
        }
        _ => {}
    }
}

fn progressed(swarm: &Swarm<Behaviour>, state: &mut State, query: QueryId, result: QueryResult, last: bool) {
    let _ = swarm;
    let Some((_, found)) = state.queries.get_mut(&query) else { return };
    let mut failed = None;
    match result {
        QueryResult::GetProviders(Ok(kad::GetProvidersOk::FoundProviders { providers, .. })) => {
            found.extend(providers.iter().map(|peer| json!({ "peer": peer.to_string(), "addrs": [] })));
        }
        QueryResult::GetProviders(Err(error)) => failed = Some(error.to_string()),
        QueryResult::StartProviding(Err(error)) => failed = Some(error.to_string()),
        _ => {}
    }
    if last {
        let (id, found) = state.queries.remove(&query).expect("looked up just now");
        match failed {
            Some(error) => say(json!({ "id": id, "error": error })),
            None => say(json!({ "id": id, "ok": found })),
        }
    }
}
