package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	webrtc "github.com/libp2p/go-libp2p/p2p/transport/webrtc"
	ws "github.com/libp2p/go-libp2p/p2p/transport/websocket"
	"github.com/multiformats/go-multiaddr"

	"shoal.invalid/interop/shoal"
)

// config comes as the one argument of the program.
type config struct {
	Network  string   `json:"network"`
	Listen   []string `json:"listen"`
	Security []string `json:"security"`
	Kad      bool     `json:"kad"`
}

type node struct {
	host   host.Host
	dht    *dht.IpfsDHT
	pubsub *pubsub.PubSub
	client *shoal.Client

	mu     sync.Mutex
	topics map[string]*topic
}

type topic struct {
	topic *pubsub.Topic
	heard []heard
}

type heard struct {
	From string `json:"from"`
	Via  string `json:"via"`
	Data string `json:"data"`
}

func start(ctx context.Context, c config) (*node, error) {
	options := []libp2p.Option{
		libp2p.ListenAddrStrings(c.Listen...),
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(ws.New), libp2p.Transport(quic.NewTransport), libp2p.Transport(webrtc.New),
		libp2p.UserAgent("go-libp2p"),
		libp2p.EnableRelay(), libp2p.EnableRelayService(relay.WithInfiniteLimits()), libp2p.ForceReachabilityPublic(),
	}
	for _, name := range c.Security {
		switch name {
		case "noise":
			options = append(options, libp2p.Security(noise.ID, noise.New))
		case "tls":
			options = append(options, libp2p.Security(libp2ptls.ID, libp2ptls.New))
		default:
			return nil, fmt.Errorf("security %q", name)
		}
	}
	h, err := libp2p.New(options...)
	if err != nil {
		return nil, err
	}
	var kad *dht.IpfsDHT
	if c.Kad {
		kad, err = dht.New(h, dht.ProtocolPrefix(protocol.ID("/shoal/"+c.Network)), dht.Mode(dht.ModeServer), dht.DisableAutoRefresh())
		if err != nil {
			return nil, err
		}
	}
	gossip, err := pubsub.NewGossipSub(ctx, h)
	if err != nil {
		return nil, err
	}
	return &node{host: h, dht: kad, pubsub: gossip, client: shoal.NewClient(h), topics: map[string]*topic{}}, nil
}

type connection struct {
	Peer      string `json:"peer"`
	Addr      string `json:"addr"`
	Direction string `json:"direction"`
	Security  string `json:"security"`
	Muxer     string `json:"muxer"`
	Limited   bool   `json:"limited"`
}

func (n *node) connections() []connection {
	list := []connection{}
	for _, conn := range n.host.Network().Conns() {
		state := conn.ConnState()
		list = append(list, connection{
			Peer: conn.RemotePeer().String(), Addr: conn.RemoteMultiaddr().String(), Direction: conn.Stat().Direction.String(),
			Security: string(state.Security), Muxer: string(state.StreamMultiplexer), Limited: conn.Stat().Limited,
		})
	}
	return list
}

// command is one line of standard input.
type command struct {
	ID    int      `json:"id"`
	Do    string   `json:"do"`
	Addrs []string `json:"addrs"`
	Peer  string   `json:"peer"`
	Key   string   `json:"key"`
	Topic string   `json:"topic"`
	Data  string   `json:"data"`
	Link  string   `json:"link"`
	Path  string   `json:"path"`
}

func (n *node) do(ctx context.Context, c command) (any, error) {
	if n.dht == nil && (c.Do == "known" || c.Do == "provide" || c.Do == "find") {
		return nil, errors.New("started without the DHT")
	}
	switch c.Do {
	case "addrs":
		return n.addrs(), nil
	case "connections":
		return n.connections(), nil
	case "dial":
		return n.dial(ctx, c.Addrs)
	case "hangup":
		return n.with(c.Peer, func(p peer.ID) (any, error) { return "done", n.host.Network().ClosePeer(p) })
	case "identify":
		return n.with(c.Peer, func(p peer.ID) (any, error) { return n.identify(ctx, p) })
	case "ping":
		return n.with(c.Peer, func(p peer.ID) (any, error) {
			result := <-ping.Ping(network.WithAllowLimitedConn(ctx, "ping"), n.host, p)
			return map[string]float64{"ms": float64(result.RTT.Microseconds()) / 1000}, result.Error
		})
	case "known":
		return n.dht.RoutingTable().Size(), nil
	case "provide":
		key, err := cid.Decode(c.Key)
		if err != nil {
			return nil, err
		}
		return "done", n.dht.Provide(ctx, key, true)
	case "find":
		return n.find(ctx, c.Key)
	case "subscribe":
		return "done", n.subscribe(ctx, c.Topic)
	case "publish":
		return "done", n.publish(ctx, c.Topic, c.Data)
	case "heard":
		return n.heard(c.Topic), nil
	case "joined":
		return n.with(c.Peer, func(p peer.ID) (any, error) { return n.client.Joined(p), nil })
	case "fetch":
		return n.with(c.Peer, func(p peer.ID) (any, error) { return n.client.Fetch(ctx, p, c.Link, c.Path) })
	}
	return nil, fmt.Errorf("there is no command %q", c.Do)
}

func (n *node) with(name string, act func(peer.ID) (any, error)) (any, error) {
	p, err := peer.Decode(name)
	if err != nil {
		return nil, err
	}
	return act(p)
}

func (n *node) addrs() []string {
	addrs := []string{}
	for _, addr := range n.host.Addrs() {
		addrs = append(addrs, addr.String()+"/p2p/"+n.host.ID().String())
	}
	return addrs
}

func (n *node) dial(ctx context.Context, addrs []string) (any, error) {
	var last error
	for _, text := range addrs {
		addr, err := multiaddr.NewMultiaddr(text)
		if err != nil {
			return nil, err
		}
		info, err := peer.AddrInfoFromP2pAddr(addr)
		if err != nil {
			return nil, err
		}
		if last = n.host.Connect(network.WithForceDirectDial(ctx, "asked for"), *info); last == nil {
			for _, conn := range n.connections() {
				if conn.Peer == info.ID.String() {
					return conn, nil
				}
			}
		}
	}
	return nil, last
}

func (n *node) identify(ctx context.Context, p peer.ID) (any, error) {
	for {
		protocols, err := n.host.Peerstore().GetProtocols(p)
		agent, _ := n.host.Peerstore().Get(p, "AgentVersion")
		if err != nil {
			return nil, err
		}
		if agent != nil {
			addrs := []string{}
			for _, addr := range n.host.Peerstore().Addrs(p) {
				addrs = append(addrs, addr.String())
			}
			return map[string]any{"agent": agent, "protocols": protocols, "addrs": addrs}, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (n *node) find(ctx context.Context, key string) (any, error) {
	parsed, err := cid.Decode(key)
	if err != nil {
		return nil, err
	}
	found := []map[string]any{}
	for info := range n.dht.FindProvidersAsync(ctx, parsed, 20) {
		addrs := []string{}
		for _, addr := range info.Addrs {
			addrs = append(addrs, addr.String())
		}
		found = append(found, map[string]any{"peer": info.ID.String(), "addrs": addrs})
	}
	return found, nil
}

// subscribe takes part in a topic: hears what comes, and forwards it.
func (n *node) subscribe(ctx context.Context, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.topics[name] != nil {
		return nil
	}
	joined, err := n.pubsub.Join(name)
	if err != nil {
		return err
	}
	subscription, err := joined.Subscribe()
	if err != nil {
		return err
	}
	t := &topic{topic: joined}
	n.topics[name] = t
	go func() {
		for {
			message, err := subscription.Next(context.Background())
			if err != nil {
				return
			}
			n.mu.Lock()
			t.heard = append(t.heard, heard{message.GetFrom().String(), message.ReceivedFrom.String(), hex.EncodeToString(message.Data)})
			n.mu.Unlock()
		}
	}()
	return nil
}

func (n *node) publish(ctx context.Context, name string, data string) error {
	bytes, err := hex.DecodeString(data)
	if err != nil {
		return err
	}
	n.mu.Lock()
	t := n.topics[name]
	n.mu.Unlock()
	if t == nil {
		return fmt.Errorf("subscribe to %s first", name)
	}
	return t.topic.Publish(ctx, bytes)
}

// announcement is what was heard in the topic of a swarm, read as doc/protocol.md says.
type announcement struct {
	heard
	Announcement *shoal.Announcement `json:"announcement,omitempty"`
}

func (n *node) heard(name string) any {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := []announcement{}
	if t := n.topics[name]; t != nil {
		for _, h := range t.heard {
			bytes, _ := hex.DecodeString(h.Data)
			parsed, _ := shoal.ReadAnnouncement(h.From, bytes)
			list = append(list, announcement{h, parsed})
		}
	}
	return list
}

func (c *command) parse(line []byte) error { return json.Unmarshal(line, c) }
