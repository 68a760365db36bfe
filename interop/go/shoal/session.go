package shoal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// Block bytes that the peer may have under way.
	window = 1_048_576
	// Blocks asked for at a time: what fits the window.
	batch = window / MaxBlock
	// A handshake, and a request, that takes longer is given up.
	patience = 30 * time.Second
	// Before a block that was refused as busy is asked for again.
	busyPause = 200 * time.Millisecond
	// Between two looks for what is to come.
	poll = 20 * time.Millisecond
)

// Client keeps the sessions of a host, one a connection.
type Client struct {
	host     host.Host
	mu       sync.Mutex
	sessions map[string]*session
	// joined are the swarms that peers said JOIN for, by peer.
	joined map[peer.ID][]string
}

// NewClient listens for sessions on every connection of the host.
func NewClient(h host.Host) *Client {
	c := &Client{host: h, sessions: map[string]*session{}, joined: map[peer.ID][]string{}}
	h.SetStreamHandler(Protocol, func(stream network.Stream) {
		s := c.sessionOf(stream.Conn())
		// whoever gets a stream and has no session yet answers with a control stream of its own
		go func() { _ = s.open(context.Background()) }()
		s.read(stream)
	})
	return c
}

// Joined are the swarms that a peer has said JOIN for.
func (c *Client) Joined(p peer.ID) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string{}, c.joined[p]...)
}

func (c *Client) sessionOf(conn network.Conn) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sessions[conn.ID()]
	if s == nil {
		s = newSession(c, conn)
		c.sessions[conn.ID()] = s
	}
	return s
}

// Session opens a session over a connection that stands, or makes one.
func (c *Client) Session(ctx context.Context, p peer.ID) (*session, error) {
	if err := c.host.Connect(ctx, peer.AddrInfo{ID: p}); err != nil {
		return nil, err
	}
	conns := c.host.Network().ConnsToPeer(p)
	if len(conns) == 0 {
		return nil, errors.New("not connected")
	}
	s := c.sessionOf(conns[0])
	return s, s.open(ctx)
}

type answer struct {
	bytes  []byte
	reason string
}

type session struct {
	client *Client
	conn   network.Conn

	mu      sync.Mutex
	opening sync.Once
	control network.Stream
	// greeted is closed when the peer's HELLO has come, opened when ours has gone out as well, ended when the session is over.
	greeted, opened, ended chan struct{}
	failure                error
	heard                  bool
	// dataSeen: the peer has its one data stream.
	dataSeen bool
	nextID   uint32
	handles  uint16
	// theirs are the swarms that the peer is in, by its handles; what it says of them may come before our own JOIN.
	theirs map[uint16]*theirSide
	swarms map[string]*membership
	wanted map[uint32]*request
}

// membership is our side of a swarm on a session.
type membership struct {
	swarm   string
	handle  uint16
	joined  chan struct{}
	unchoke chan struct{}
	refused string
}

// theirSide is the peer's side of a swarm.
type theirSide struct {
	swarm string
	// partial collects HEAD frames until one without MORE; head is the last whole one.
	partial, head []byte
}

type request struct {
	blocks map[uint32]*incoming
}

type incoming struct {
	bytes []byte
	total uint32
	done  chan answer
}

func newSession(c *Client, conn network.Conn) *session {
	return &session{
		client: c, conn: conn, greeted: make(chan struct{}), opened: make(chan struct{}), ended: make(chan struct{}),
		theirs: map[uint16]*theirSide{}, swarms: map[string]*membership{}, wanted: map[uint32]*request{},
	}
}

// open says HELLO once, and waits for the peer's.
func (s *session) open(ctx context.Context) error {
	s.opening.Do(func() {
		// the streams are for signalling on relayed connections, where they are allowed as well
		within, cancel := context.WithTimeout(network.WithAllowLimitedConn(context.Background(), "shoal"), patience)
		defer cancel()
		stream, err := s.conn.NewStream(within)
		if err == nil {
			err = negotiate(stream)
		}
		if err != nil {
			s.end(fmt.Errorf("no control stream: %w", err))
			return
		}
		s.control = stream
		if err := s.write(helloFrame()); err != nil {
			return
		}
		close(s.opened)
		// nothing is ever written on a stream by the end that did not open it
		go func() {
			n, _ := io.Copy(io.Discard, stream)
			if n > 0 {
				s.violation("bytes on a stream of ours")
				return
			}
			s.end(errors.New("the peer closed our control stream"))
		}()
	})
	select {
	case <-s.greeted:
	case <-s.ended:
		return s.failure
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.opened:
		return nil
	case <-s.ended:
		return s.failure
	}
}

func (s *session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return
	default:
	}
	s.failure = err
	close(s.ended)
	s.client.mu.Lock()
	delete(s.client.sessions, s.conn.ID())
	s.client.mu.Unlock()
	if s.control != nil {
		_ = s.control.Reset()
	}
}

// violation ends the session and the connection, as the page asks for.
func (s *session) violation(why string) {
	_ = s.write(goodbyeFrame("protocol-violation"))
	s.end(fmt.Errorf("protocol violation: %s", why))
	_ = s.conn.Close()
}

func (s *session) write(frame Frame) error {
	s.mu.Lock()
	stream := s.control
	var err error
	if stream == nil {
		err = errors.New("no control stream")
	} else {
		_, err = stream.Write(frame.Bytes())
	}
	s.mu.Unlock()
	if err != nil {
		s.end(err)
	}
	return err
}

// read takes the frames of one stream of the peer's.
func (s *session) read(stream network.Stream) {
	control, data := false, false
	for {
		frame, err := ReadFrame(stream, FrameCap)
		if err != nil {
			if errors.Is(err, errMalformed) {
				s.violation(err.Error())
			} else {
				s.end(errors.New("the peer closed a stream"))
			}
			return
		}
		message, err := Decode(frame)
		if err != nil {
			s.violation(err.Error())
			return
		}
		if message == nil {
			continue
		}
		switch {
		case frame.Type == TypeHello:
			if s.heard || data {
				s.violation("a second HELLO")
				return
			}
			s.heard, control = true, true
			if message.MinVersion > 1 || message.Version < 1 {
				s.end(fmt.Errorf("the peer speaks versions %d to %d", message.MinVersion, message.Version))
				return
			}
			close(s.greeted)
		case frame.Type == TypeData:
			if !data && (control || s.dataSeen) {
				s.violation("DATA beside its one stream")
				return
			}
			data, s.dataSeen = true, true
			if err := s.data(message, frame.Payload[DataHeader:]); err != nil {
				s.violation(err.Error())
				return
			}
		case !control:
			s.violation("control before the HELLO, or on the stream of DATA")
			return
		default:
			if !s.take(frame, message) {
				return
			}
		}
	}
}

// take acts on a control message; false when the session is over.
func (s *session) take(frame Frame, m *Message) bool {
	switch frame.Type {
	case TypePing:
		return s.write(pongFrame(*m.Nonce)) == nil
	case TypeGoodbye:
		s.end(fmt.Errorf("the peer said goodbye: %s", m.Reason))
		return false
	case TypeJoin:
		s.client.mu.Lock()
		s.client.joined[s.conn.RemotePeer()] = append(s.client.joined[s.conn.RemotePeer()], m.Swarm)
		s.client.mu.Unlock()
		s.mu.Lock()
		if s.theirs[m.Handle] == nil {
			s.theirs[m.Handle] = &theirSide{swarm: m.Swarm}
		}
		ours := s.swarms[m.Swarm]
		s.mu.Unlock()
		if ours != nil {
			closeOnce(ours.joined)
		}
	case TypeJoinRefused:
		// the handle is that of whom it is sent to: ours
		s.mu.Lock()
		for _, ours := range s.swarms {
			if ours.handle == m.Handle {
				ours.refused = m.Reason
				closeOnce(ours.joined)
			}
		}
		s.mu.Unlock()
	case TypeLeave:
		s.mu.Lock()
		delete(s.theirs, m.Handle)
		s.mu.Unlock()
	case TypeHead:
		part, _ := hex.DecodeString(m.Value)
		s.mu.Lock()
		side := s.theirs[m.Handle]
		over := false
		if side != nil {
			side.partial = append(side.partial, part...)
			over = len(side.partial) > MaxHead
			if !m.More {
				side.head, side.partial = side.partial, nil
			}
		}
		s.mu.Unlock()
		if over {
			s.violation("a head over its limit")
			return false
		}
	case TypeUnchoke:
		if ours := s.named(m.Handle); ours != nil {
			select {
			case ours.unchoke <- struct{}{}:
			default:
			}
		}
	case TypeRefuse:
		s.mu.Lock()
		if asked := s.wanted[m.ID]; asked != nil {
			for _, block := range m.Blocks {
				if wanted := asked.blocks[block]; wanted != nil {
					delete(asked.blocks, block)
					wanted.done <- answer{reason: m.Reason}
				}
			}
		}
		s.mu.Unlock()
	case TypeRequest:
		// a fetcher holds nothing
		return s.write(refuseFrame(m.ID, 1, m.Blocks)) == nil
	}
	return true
}

// named is the membership that a handle of the peer's belongs to; nil when its refusal crossed the frame.
func (s *session) named(handle uint16) *membership {
	s.mu.Lock()
	defer s.mu.Unlock()
	if side := s.theirs[handle]; side != nil {
		return s.swarms[side.swarm]
	}
	return nil
}

// head waits for what the peer says of a swarm's manifest.
func (s *session) head(ctx context.Context, in *membership) ([]byte, error) {
	for {
		s.mu.Lock()
		for _, side := range s.theirs {
			if side.swarm == in.swarm && side.head != nil {
				s.mu.Unlock()
				return side.head, nil
			}
		}
		s.mu.Unlock()
		select {
		case <-time.After(poll):
		case <-s.ended:
			return nil, s.failure
		case <-ctx.Done():
			return nil, fmt.Errorf("no HEAD: %w", ctx.Err())
		}
	}
}

func (s *session) data(m *Message, bytes []byte) error {
	s.mu.Lock()
	asked := s.wanted[m.ID]
	var wanted *incoming
	if asked != nil {
		wanted = asked.blocks[*m.Block]
	}
	s.mu.Unlock()
	if wanted == nil {
		return fmt.Errorf("DATA of block %d that was not asked for", *m.Block)
	}
	if int(*m.Offset) != len(wanted.bytes) || (wanted.total != 0 && wanted.total != m.Total) {
		return fmt.Errorf("DATA out of order: %d of block %d, %d bytes are there", *m.Offset, *m.Block, len(wanted.bytes))
	}
	wanted.total = m.Total
	wanted.bytes = append(wanted.bytes, bytes...)
	if len(wanted.bytes) == int(m.Total) {
		s.mu.Lock()
		delete(asked.blocks, *m.Block)
		if len(asked.blocks) == 0 {
			delete(s.wanted, m.ID)
		}
		s.mu.Unlock()
		wanted.done <- answer{bytes: wanted.bytes}
	}
	return nil
}

// join says that we are in a swarm and hold nothing, and waits until the peer says that it is in it too.
func (s *session) join(ctx context.Context, swarm [32]byte) (*membership, error) {
	id := hex.EncodeToString(swarm[:])
	s.mu.Lock()
	ours := s.swarms[id]
	known := false
	for _, other := range s.theirs {
		known = known || other.swarm == id
	}
	if ours == nil {
		s.handles++
		ours = &membership{swarm: id, handle: s.handles, joined: make(chan struct{}), unchoke: make(chan struct{}, 1)}
		s.swarms[id] = ours
	}
	s.mu.Unlock()
	if known {
		closeOnce(ours.joined)
	}
	if err := s.write(joinFrame(ours.handle, swarm)); err != nil {
		return nil, err
	}
	if err := s.write(emptyHaveFrame(ours.handle)); err != nil {
		return nil, err
	}
	select {
	case <-ours.joined:
	case <-s.ended:
		return nil, s.failure
	case <-ctx.Done():
		return nil, fmt.Errorf("no JOIN in return: %w", ctx.Err())
	}
	if ours.refused != "" {
		return nil, fmt.Errorf("JOIN refused: %s", ours.refused)
	}
	return ours, nil
}

// ask gets blocks of one segment, each verified by its digest, in the order of the list.
func (s *session) ask(ctx context.Context, in *membership, segment uint32, blocks []uint32, digests [][32]byte) ([][]byte, error) {
	got := make([][]byte, len(blocks))
	for from := 0; from < len(blocks); from += batch {
		to := min(from+batch, len(blocks))
		if err := s.askBatch(ctx, in, segment, blocks[from:to], digests[from:to], got[from:to]); err != nil {
			return nil, err
		}
	}
	return got, nil
}

func (s *session) askBatch(ctx context.Context, in *membership, segment uint32, blocks []uint32, digests [][32]byte, got [][]byte) error {
	open := make([]int, len(blocks))
	for i := range blocks {
		open[i] = i
	}
	for len(open) > 0 {
		asked := &request{blocks: map[uint32]*incoming{}}
		list := make([]uint32, len(open))
		waits := make([]*incoming, len(open))
		for i, at := range open {
			list[i] = blocks[at]
			waits[i] = &incoming{done: make(chan answer, 1)}
			asked.blocks[blocks[at]] = waits[i]
		}
		s.mu.Lock()
		s.nextID++
		id := s.nextID
		s.wanted[id] = asked
		s.mu.Unlock()
		if err := s.write(requestFrame(in.handle, id, segment, list)); err != nil {
			return err
		}
		var again []int
		var choked, busy bool
		for i, at := range open {
			select {
			case a := <-waits[i].done:
				switch a.reason {
				case "":
					if sha256.Sum256(a.bytes) != digests[at] {
						s.violation("a block with another hash")
						return fmt.Errorf("block %d of segment %d has another hash", blocks[at], segment)
					}
					got[at] = a.bytes
					// each byte gives its credit back once, when its block is verified
					if err := s.write(creditFrame(uint32(len(a.bytes)))); err != nil {
						return err
					}
				case "choked":
					choked, again = true, append(again, at)
				case "busy":
					busy, again = true, append(again, at)
				default:
					return fmt.Errorf("block %d of segment %d: %s", blocks[at], segment, a.reason)
				}
			case <-s.ended:
				return s.failure
			case <-ctx.Done():
				return fmt.Errorf("block %d of segment %d: %w", blocks[at], segment, ctx.Err())
			}
		}
		open = again
		if choked {
			select {
			case <-in.unchoke:
			case <-s.ended:
				return s.failure
			case <-ctx.Done():
				return ctx.Err()
			}
		} else if busy {
			time.Sleep(busyPause)
		}
	}
	return nil
}

// Close says goodbye.
func (s *session) Close() {
	_ = s.write(goodbyeFrame("done"))
	s.end(errors.New("closed"))
}

var closing sync.Mutex

func closeOnce(channel chan struct{}) {
	closing.Lock()
	defer closing.Unlock()
	select {
	case <-channel:
	default:
		close(channel)
	}
}
