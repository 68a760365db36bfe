package shoal

import (
	"encoding/binary"

	"github.com/multiformats/go-multiaddr"
)

// Limits of announcements.
const (
	MaxAnnouncement   = 1_024
	LeastAnnouncement = 17
	MaxAnnounced      = 3
	MaxDepth          = 12
)

// Announcement is what a peer says of itself in the topic of a swarm.
type Announcement struct {
	Capacity int      `json:"capacity"`
	Share    int      `json:"share"`
	TTL      uint32   `json:"ttl"`
	Sequence uint64   `json:"sequence"`
	Addrs    []string `json:"addrs"`
	Complete []Run    `json:"complete"`
	Depth    int      `json:"depth"`
	// Locality is nil where it is not said.
	Locality *Locality `json:"locality"`
}

// Locality is where a peer is, coarsely: peers with the same numbers in one swarm are near each other.
type Locality struct {
	Site   int `json:"site"`
	Region int `json:"region"`
}

// ReadAnnouncement reads what `from` has signed. Addresses of other peers, and those that are not understood, are left out.
func ReadAnnouncement(from string, bytes []byte) (*Announcement, error) {
	if len(bytes) < LeastAnnouncement || len(bytes) > MaxAnnouncement {
		return nil, malformed("an announcement of %d bytes", len(bytes))
	}
	f := &fields{bytes: bytes}
	if version := f.u8(); version != 1 {
		return nil, malformed("an announcement of version %d", version)
	}
	a := &Announcement{Capacity: int(f.u8() & 3), Share: int(f.u16()), TTL: f.u32(), Addrs: []string{}, Complete: []Run{}}
	a.Sequence = binary.BigEndian.Uint64(f.take(8))
	if a.Sequence >= 1<<53 {
		f.fail("the sequence %d", a.Sequence)
	}
	count := int(f.u8())
	if count > MaxAnnounced {
		f.fail("%d addresses", count)
	}
	for range count {
		addr := f.take(int(f.u8()))
		if f.err != nil {
			return nil, f.err
		}
		if text, ok := addressOf(from, addr); ok {
			a.Addrs = append(a.Addrs, text)
		}
	}
	end := uint64(0)
	for left := f.varint(); left > 0 && f.err == nil; left-- {
		start := end + f.varint()
		count := f.varint()
		end = start + count
		if count == 0 || end > 1<<32 {
			f.fail("a run of %d segments from %d", count, start)
			break
		}
		a.Complete = append(a.Complete, Run{uint32(start), uint32(count)})
	}
	if f.err == nil {
		a.readTail(f)
	}
	if f.err != nil {
		return nil, f.err
	}
	return a, nil
}

// readTail reads what came to announcements later: each part may be missing, with all behind it.
func (a *Announcement) readTail(f *fields) {
	if len(f.bytes) == 0 {
		return
	}
	if a.Depth = int(f.u8()); a.Depth > MaxDepth {
		f.fail("the depth %d", a.Depth)
	}
	if len(f.bytes) == 0 || f.u8()&1 == 0 {
		return
	}
	hint := f.take(3)
	a.Locality = &Locality{Site: int(hint[0])<<4 | int(hint[1])>>4, Region: int(hint[1]&15)<<4 | int(hint[2])>>4}
}

// addressOf is the address with its peer's id at the end.
func addressOf(from string, bytes []byte) (string, bool) {
	addr, err := multiaddr.NewMultiaddrBytes(bytes)
	if err != nil || len(addr) == 0 {
		return "", false
	}
	if last := addr[len(addr)-1]; last.Code() == multiaddr.P_P2P {
		if last.Value() != from || len(addr) == 1 {
			return "", false
		}
		addr = addr[:len(addr)-1]
	}
	return addr.String() + "/p2p/" + from, true
}

// varint of at most 5 bytes.
func (f *fields) varint() uint64 {
	value := uint64(0)
	for shift := 0; shift < 35; shift += 7 {
		b := f.u8()
		value |= uint64(b&0x7f) << shift
		if b < 0x80 || f.err != nil {
			return value
		}
	}
	f.fail("a varint of more than 5 bytes")
	return 0
}
