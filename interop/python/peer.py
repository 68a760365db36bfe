"""A py-libp2p peer for the runs of interop/: told what to do by JSON lines on standard input, it answers by JSON lines on standard output and ends
with its input. Its one argument is its configuration.
"""

import contextlib
import json
import logging
import socket
import sys

import multiaddr
import trio

from libp2p import generate_new_ed25519_identity, new_host
from libp2p.crypto.x25519 import create_new_key_pair as new_noise_keys
from libp2p.host.ping import PingService
from libp2p.kad_dht import common, kad_dht, peer_routing, provider_store, value_store
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.pubsub.gossipsub import PROTOCOL_ID_V11, GossipSub
from libp2p.pubsub.pubsub import Pubsub
from libp2p.relay.circuit_v2.protocol import CircuitV2Protocol
from libp2p.relay.circuit_v2.resources import RelayLimits
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE, Transport as Noise
from libp2p.security.tls.transport import PROTOCOL_ID as TLS, TLSTransport as Tls
from libp2p.tools.anyio_service import background_trio_service

PATIENCE_S = 60
KAD_MODULES = (common, kad_dht, peer_routing, provider_store, value_store)


def free_port(kind):
    """A port of its own for each address: on port 0 py-libp2p takes TCP and WebSocket for one."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listen_addr(text):
    udp = "/udp/0" in text
    port = free_port(socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    return multiaddr.Multiaddr(text.replace("/udp/0" if udp else "/tcp/0", f"/{'udp' if udp else 'tcp'}/{port}"))


def security(names, keys):
    known = {"noise": (NOISE, lambda: Noise(keys, noise_privkey=new_noise_keys().private_key)), "tls": (TLS, lambda: Tls(keys))}
    return {known[name][0]: known[name][1]() for name in names}


class Peer:
    def __init__(self, config):
        keys = generate_new_ed25519_identity()
        self.kad_id = f"/shoal/{config['network']}/kad/1.0.0"
        self.listen = [listen_addr(text) for text in config["listen"]]
        self.host = new_host(
            key_pair=keys, listen_addrs=self.listen, sec_opt=security(config["security"], keys), enable_quic=any("quic" in str(addr) for addr in self.listen)
        )
        self.gossip = Pubsub(self.host, GossipSub(protocols=[PROTOCOL_ID_V11], degree=6, degree_low=4, degree_high=12, heartbeat_interval=1))
        self.ping = PingService(self.host)
        limits = RelayLimits(duration=120, data=131_072, max_circuit_conns=16, max_reservations=16)
        self.relay = CircuitV2Protocol(self.host, limits, allow_hop=True)
        self.dht = None
        if config["kad"]:
            # its DHT takes a prefix and then speaks /ipfs all the same: the constant is what counts
            for module in KAD_MODULES:
                module.PROTOCOL_ID = self.kad_id
            self.dht = kad_dht.KadDHT(self.host, kad_dht.DHTMode.SERVER)
        self.heard = {}

    def protocols(self, peer):
        try:
            return list(self.host.get_peerstore().get_protocols(peer))
        except Exception:
            return []

    async def table(self):
        """Its routing table is filled by whoever uses it."""
        while True:
            for peer in self.host.get_connected_peers():
                if self.kad_id in self.protocols(peer):
                    await self.dht.add_peer(peer)
            await trio.sleep(0.2)

    async def addrs(self, _):
        return [str(addr) for addr in self.host.get_addrs()]

    async def connections(self, _):
        return [
            {"peer": str(peer), "addr": "", "direction": str(found.direction), "security": found.get_negotiated_security_protocol() or "", "muxer": ""}
            for peer, list_of in self.host.get_network().connections.items() for found in list_of
        ]

    async def dial(self, asked):
        info = info_from_p2p_addr(multiaddr.Multiaddr(asked["addrs"][0]))
        await self.host.connect(info)
        return {}

    async def identify(self, asked):
        peer = ID.from_base58(asked["peer"])
        while not self.protocols(peer):
            await trio.sleep(0.02)
        # it keeps nothing else of what identify said
        return {"agent": "", "protocols": self.protocols(peer), "addrs": []}

    async def do_ping(self, asked):
        [ms] = await self.ping.ping(ID.from_base58(asked["peer"]), 1)
        return {"ms": ms}

    async def provide(self, asked):
        return "done" if await self.dht.provide(asked["multihash"]) else "nobody took it"

    async def find(self, asked):
        found = await self.dht.find_providers(asked["multihash"])
        return [{"peer": str(info.peer_id), "addrs": [str(addr) for addr in info.addrs]} for info in found]

    async def subscribe(self, asked):
        topic = asked["topic"]
        if topic not in self.heard:
            self.heard[topic] = []
            subscription = await self.gossip.subscribe(topic)
            self.nursery.start_soon(self.listen_to, topic, subscription)
        return "done"

    async def listen_to(self, topic, subscription):
        while True:
            message = await subscription.get()
            self.heard[topic].append({"from": str(ID(message.from_id)), "via": "", "data": message.data.hex()})

    async def get_heard(self, asked):
        return self.heard.get(asked["topic"], [])

    async def answer(self, asked):
        commands = {
            "addrs": self.addrs, "connections": self.connections, "dial": self.dial, "identify": self.identify, "ping": self.do_ping,
            "provide": self.provide, "find": self.find, "subscribe": self.subscribe, "heard": self.get_heard
        }
        try:
            with trio.fail_after(PATIENCE_S):
                say({"id": asked["id"], "ok": await commands[asked["do"]](asked)})
        except Exception as error:
            say({"id": asked["id"], "error": f"{type(error).__name__}: {error}"})

    async def run(self):
        async with self.host.run(listen_addrs=self.listen), trio.open_nursery() as self.nursery:
            async with contextlib.AsyncExitStack() as services:
                for service in (self.gossip, self.gossip.router, self.relay, self.dht):
                    if service is not None:
                        await services.enter_async_context(background_trio_service(service))
                await self.gossip.wait_until_ready()
                if self.dht is not None:
                    self.nursery.start_soon(self.table)
                await self.obey()

    async def obey(self):
        say({"ready": {"peer": str(self.host.get_id()), "addrs": [str(addr) for addr in self.host.get_addrs()]}})
        while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            self.nursery.start_soon(self.answer, json.loads(line))
        self.nursery.cancel_scope.cancel()


def say(line):
    print(json.dumps(line), flush=True)


if len(sys.argv) != 2:
    sys.exit("usage: peer.py '{\"network\":…}'")
logging.basicConfig(level=logging.ERROR)
trio.run(Peer(json.loads(sys.argv[1])).run)
