package shoal

import (
	"encoding/binary"
	"encoding/hex"
)

var names = map[byte]string{
	TypeHello: "hello", TypeGoodbye: "goodbye", TypePing: "ping", TypePong: "pong", TypeJoin: "join", TypeJoinRefused: "join-refused",
	TypeLeave: "leave", TypeHave: "have", TypeFetching: "fetching", TypeHead: "head", TypePex: "pex", TypeChoke: "choke",
	TypeUnchoke: "unchoke", TypeRevoked: "revoked", TypeData: "data", TypeRequest: "request", TypeSubscribe: "subscribe", TypeRefuse: "refuse", TypeCancel: "cancel",
	TypeCredit: "credit", TypePurge: "purge",
}

// inSwarm are the types whose frames carry a handle.
var inSwarm = map[byte]bool{
	TypeJoin: true, TypeJoinRefused: true, TypeLeave: true, TypeHave: true, TypeFetching: true, TypeHead: true, TypePex: true,
	TypeChoke: true, TypeUnchoke: true, TypeRevoked: true, TypeRequest: true, TypeSubscribe: true,
}

// Decode says what a frame means; nil when its type is not known, which is passed over. Bytes behind the known fields are ignored.
func Decode(frame Frame) (*Message, error) {
	name, known := names[frame.Type]
	if !known {
		return nil, nil
	}
	f := &fields{bytes: frame.Payload}
	m := &Message{Type: name}
	if inSwarm[frame.Type] {
		m.Handle = frame.Handle
		if frame.Handle == 0 {
			f.fail("a %s without the handle of a swarm", name)
		}
	}
	switch frame.Type {
	case TypeHello:
		m.Version, m.MinVersion, m.FrameCap, m.Credit, m.Features = f.u16(), f.u16(), f.u32(), f.u32(), f.u32()
		if m.FrameCap < LeastFrameCap {
			f.fail("a frame cap of %d", m.FrameCap)
		}
		if m.Credit < LeastCredit || m.Credit > MostCredit {
			f.fail("a first credit of %d", m.Credit)
		}
	case TypeGoodbye:
		m.Reason = f.text(min(len(frame.Payload), MaxReason), MaxReason)
	case TypePing, TypePong:
		m.Nonce = ptr(f.u32())
	case TypeJoin:
		m.Swarm = hex.EncodeToString(f.take(32))
		m.Token = f.text(int(f.u16()), MaxToken)
	case TypeJoinRefused:
		m.Reason = f.reason()
	case TypeHave:
		m.More = frame.Flags&flagMore != 0
		decodeHave(f, m)
	case TypeFetching:
		m.Segment = ptr(f.u32())
	case TypeHead, TypeRevoked:
		m.More = frame.Flags&flagMore != 0
		m.Value = hex.EncodeToString(frame.Payload)
	case TypePex:
		decodePex(f, m)
	case TypeData:
		m.ID, m.Block, m.Offset, m.Total = f.u32(), ptr(f.u32()), ptr(f.u32()), f.u32()
		m.Value = hex.EncodeToString(f.bytes)
		if len(f.bytes) == 0 || m.Total == 0 || m.Total > MaxBlock || uint64(*m.Offset)+uint64(len(f.bytes)) > uint64(m.Total) {
			f.fail("%d bytes at %d of a block of %d", len(f.bytes), *m.Offset, m.Total)
		}
	case TypeRequest, TypeSubscribe:
		m.ID, m.Segment, m.Blocks = f.u32(), ptr(f.u32()), f.blocks()
	case TypeRefuse:
		m.ID, m.Reason, m.Blocks = f.u32(), f.reason(), f.blocks()
	case TypeCancel:
		m.ID, m.Blocks = f.u32(), f.blocks()
	case TypeCredit:
		m.Bytes = ptr(f.u32())
	case TypePurge:
		m.Swarm = hex.EncodeToString(f.take(32))
		m.Value = hex.EncodeToString(f.bytes)
		if len(f.bytes) == 0 || len(f.bytes) > MaxPurge {
			f.fail("a purge list of %d bytes", len(f.bytes))
		}
	}
	if f.err != nil {
		return nil, f.err
	}
	return m, nil
}

func decodeHave(f *fields, m *Message) {
	completes, drops, partials := int(f.u16()), int(f.u16()), int(f.u16())
	for i := 0; i < completes && f.err == nil; i++ {
		m.Complete = append(m.Complete, f.run())
	}
	for i := 0; i < drops && f.err == nil; i++ {
		m.Dropped = append(m.Dropped, f.run())
	}
	for i := 0; i < partials && f.err == nil; i++ {
		segment, first, length := f.u32(), f.u32(), int(f.u16())
		if length == 0 || length > MaxBits || first%8 != 0 || uint64(first)+8*uint64(length) > 1<<32 {
			f.fail("%d bytes of bits from block %d", length, first)
			return
		}
		m.Partial = append(m.Partial, Bits{segment, first, hex.EncodeToString(f.take(length))})
	}
}

func decodePex(f *fields, m *Message) {
	count := int(f.u8())
	if count > MaxPexPeers {
		f.fail("%d peers in a message", count)
	}
	for i := 0; i < count && f.err == nil; i++ {
		hint := Hint{Addrs: []string{}}
		hint.Peer = f.named(int(f.u8()), MaxPeer)
		addrs := int(f.u8())
		if addrs > MaxAddrs {
			f.fail("%d addresses of a peer", addrs)
		}
		for j := 0; j < addrs && f.err == nil; j++ {
			hint.Addrs = append(hint.Addrs, f.named(int(f.u16()), MaxAddr))
		}
		m.Peers = append(m.Peers, hint)
	}
}

func (f *fields) named(length int, most int) string {
	if length == 0 {
		f.fail("an empty name")
	}
	return f.text(length, most)
}

// What a fetcher says.

func helloFrame() Frame {
	var p []byte
	p = binary.BigEndian.AppendUint16(p, 1)
	p = binary.BigEndian.AppendUint16(p, 1)
	p = binary.BigEndian.AppendUint32(p, FrameCap)
	p = binary.BigEndian.AppendUint32(p, window)
	p = binary.BigEndian.AppendUint32(p, 0)
	return Frame{Type: TypeHello, Payload: p}
}

func joinFrame(handle uint16, swarm [32]byte) Frame {
	return Frame{Type: TypeJoin, Handle: handle, Payload: append(swarm[:], 0, 0)}
}

// A have-map that holds nothing.
func emptyHaveFrame(handle uint16) Frame {
	return Frame{Type: TypeHave, Handle: handle, Payload: make([]byte, 6)}
}

func requestFrame(handle uint16, id uint32, segment uint32, blocks []uint32) Frame {
	var p []byte
	p = binary.BigEndian.AppendUint32(p, id)
	p = binary.BigEndian.AppendUint32(p, segment)
	return Frame{Type: TypeRequest, Handle: handle, Payload: appendBlocks(p, blocks)}
}

func refuseFrame(id uint32, reason byte, blocks []uint32) Frame {
	p := binary.BigEndian.AppendUint32(nil, id)
	return Frame{Type: TypeRefuse, Payload: appendBlocks(append(p, reason), blocks)}
}

func creditFrame(bytes uint32) Frame {
	return Frame{Type: TypeCredit, Payload: binary.BigEndian.AppendUint32(nil, bytes)}
}

func pongFrame(nonce uint32) Frame {
	return Frame{Type: TypePong, Payload: binary.BigEndian.AppendUint32(nil, nonce)}
}

func goodbyeFrame(reason string) Frame {
	return Frame{Type: TypeGoodbye, Payload: []byte(reason)}
}

func appendBlocks(p []byte, blocks []uint32) []byte {
	p = binary.BigEndian.AppendUint16(p, uint16(len(blocks)))
	for _, block := range blocks {
		p = binary.BigEndian.AppendUint32(p, block)
	}
	return p
}

func ptr(value uint32) *uint32 { return &value }
