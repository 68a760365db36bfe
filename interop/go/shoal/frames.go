// Package shoal speaks the protocols of doc/protocol.md: as much of them as a client needs that fetches a segment. It was written from that
// page alone and shares no code with the TypeScript packages; that it works is the proof that the page is complete.
package shoal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Protocol is the id of both streams of a session.
const Protocol = "/shoal/exchange/1.0.0"

// Frame types.
const (
	TypeHello       = 0x01
	TypeGoodbye     = 0x02
	TypePing        = 0x03
	TypePong        = 0x04
	TypeJoin        = 0x10
	TypeJoinRefused = 0x11
	TypeLeave       = 0x12
	TypeHave        = 0x13
	TypeFetching    = 0x14
	TypeHead        = 0x15
	TypePex         = 0x16
	TypeChoke       = 0x17
	TypeUnchoke     = 0x18
	TypeRevoked     = 0x19
	TypeData        = 0x20
	TypeRequest     = 0x21
	TypeRefuse      = 0x22
	TypeCancel      = 0x23
	TypeCredit      = 0x24
	TypeSubscribe   = 0x30
	TypePurge       = 0x31
)

// Limits, in bytes where nothing else is said.
const (
	FrameHeader      = 8
	DataHeader       = 16
	FrameCap         = 60_000
	LeastFrameCap    = 8_192
	MaxBlock         = 262_144
	LeastCredit      = 2 * MaxBlock
	MostCredit       = 268_435_456
	BlocksPerMessage = 1_024
	MaxToken         = 4_096
	MaxReason        = 256
	MaxHead          = 65_536
	MaxPurge         = 8_000
	MaxBits          = 2_048
	MaxPexPeers      = 32
	MaxAddrs         = 8
	MaxAddr          = 512
	MaxPeer          = 128
)

const flagMore = 1

var errMalformed = errors.New("malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

// Frame is a frame as it lies on a stream.
type Frame struct {
	Type    byte
	Flags   byte
	Handle  uint16
	Payload []byte
}

// ReadFrame takes one frame of at most frameCap bytes; the length is judged before anything is kept.
func ReadFrame(from io.Reader, frameCap int) (Frame, error) {
	var head [FrameHeader]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return Frame{}, err
	}
	length := int64(binary.BigEndian.Uint32(head[4:]))
	if length > int64(frameCap-FrameHeader) {
		return Frame{}, malformed("a frame of %d bytes, at most %d are taken", length+FrameHeader, frameCap)
	}
	frame := Frame{Type: head[0], Flags: head[1], Handle: binary.BigEndian.Uint16(head[2:]), Payload: make([]byte, length)}
	if _, err := io.ReadFull(from, frame.Payload); err != nil {
		return Frame{}, malformed("a stream that ends inside a frame")
	}
	return frame, nil
}

// Bytes is the frame as it goes out.
func (f Frame) Bytes() []byte {
	out := make([]byte, FrameHeader, FrameHeader+len(f.Payload))
	out[0] = f.Type
	out[1] = f.Flags
	binary.BigEndian.PutUint16(out[2:], f.Handle)
	binary.BigEndian.PutUint32(out[4:], uint32(len(f.Payload)))
	return append(out, f.Payload...)
}

// Message is what a frame says. Fields that its type does not have are empty.
type Message struct {
	Type       string   `json:"type"`
	Handle     uint16   `json:"handle,omitempty"`
	More       bool     `json:"more,omitempty"`
	Version    uint16   `json:"version,omitempty"`
	MinVersion uint16   `json:"minVersion,omitempty"`
	FrameCap   uint32   `json:"frameCap,omitempty"`
	Credit     uint32   `json:"credit,omitempty"`
	Features   uint32   `json:"features,omitempty"`
	Nonce      *uint32  `json:"nonce,omitempty"`
	ID         uint32   `json:"id,omitempty"`
	Segment    *uint32  `json:"segment,omitempty"`
	Blocks     []uint32 `json:"blocks,omitempty"`
	Reason     string   `json:"reason,omitempty"`
	Bytes      *uint32  `json:"bytes,omitempty"`
	Swarm      string   `json:"swarm,omitempty"`
	Token      string   `json:"token,omitempty"`
	Complete   []Run    `json:"complete,omitempty"`
	Dropped    []Run    `json:"dropped,omitempty"`
	Partial    []Bits   `json:"partial,omitempty"`
	Value      string   `json:"value,omitempty"`
	Peers      []Hint   `json:"peers,omitempty"`
	Block      *uint32  `json:"block,omitempty"`
	Offset     *uint32  `json:"offset,omitempty"`
	Total      uint32   `json:"total,omitempty"`
}

// Run is a run of segments.
type Run struct {
	Start uint32 `json:"start"`
	Count uint32 `json:"count"`
}

// Bits says which blocks of a segment are there.
type Bits struct {
	Segment uint32 `json:"segment"`
	First   uint32 `json:"first"`
	Bits    string `json:"bits"`
}

// Hint is a peer and its addresses.
type Hint struct {
	Peer  string   `json:"peer"`
	Addrs []string `json:"addrs"`
}

var reasons = []string{"", "not-found", "busy", "choked", "unauthorised", "retired", "not-joined"}

// fields reads big-endian fields one after the other; the first that is not there makes all that follow fail.
type fields struct {
	bytes []byte
	err   error
}

func (f *fields) take(length int) []byte {
	if f.err == nil && length > len(f.bytes) {
		f.err = malformed("a field of %d bytes where %d are left", length, len(f.bytes))
	}
	if f.err != nil {
		return make([]byte, min(length, MaxBlock))
	}
	taken := f.bytes[:length]
	f.bytes = f.bytes[length:]
	return taken
}

func (f *fields) u8() uint8   { return f.take(1)[0] }
func (f *fields) u16() uint16 { return binary.BigEndian.Uint16(f.take(2)) }
func (f *fields) u32() uint32 { return binary.BigEndian.Uint32(f.take(4)) }

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = malformed(format, args...)
	}
}

func (f *fields) text(length int, most int) string {
	if length > most {
		f.fail("a text of %d bytes, at most %d are taken", length, most)
		return ""
	}
	bytes := f.take(length)
	if !utf8.Valid(bytes) {
		f.fail("a text that is not UTF-8")
	}
	return string(bytes)
}

func (f *fields) blocks() []uint32 {
	count := int(f.u16())
	if count == 0 || count > BlocksPerMessage {
		f.fail("%d blocks in a message", count)
		return nil
	}
	blocks := make([]uint32, 0, count)
	for range count {
		blocks = append(blocks, f.u32())
	}
	return blocks
}

func (f *fields) reason() string {
	code := int(f.u8())
	if code == 0 {
		f.fail("the reason 0")
	}
	if code >= len(reasons) {
		// a refusal for a reason of the future is a refusal still
		return "busy"
	}
	return reasons[code]
}

func (f *fields) run() Run {
	run := Run{f.u32(), f.u32()}
	if run.Count == 0 || uint64(run.Start)+uint64(run.Count) > 1<<32 {
		f.fail("a run of %d segments from %d", run.Count, run.Start)
	}
	return run
}
