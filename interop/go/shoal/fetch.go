package shoal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multistream"
)

// Fetched is a segment whose every block was verified.
type Fetched struct {
	Path      string `json:"path"`
	CID       string `json:"cid"`
	Bytes     int    `json:"bytes"`
	Blocks    int    `json:"blocks"`
	SHA256    string `json:"sha256"`
	Publisher string `json:"publisher"`
	Segments  int    `json:"segments"`
}

// Fetch gets a segment of the content that a link names from a peer. With an empty path it is the first segment.
func (c *Client) Fetch(ctx context.Context, from peer.ID, link string, path string) (*Fetched, error) {
	cid, err := ParseLink(link)
	if err != nil {
		return nil, err
	}
	s, err := c.Session(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("no session: %w", err)
	}
	swarm := SwarmOf(cid)
	in, err := s.join(ctx, swarm)
	if err != nil {
		return nil, err
	}
	envelope, err := s.head(ctx, in)
	if err != nil {
		return nil, err
	}
	manifest, err := OpenManifest(ctx, cid, envelope, func(ctx context.Context, block uint32, digest [32]byte) ([]byte, error) {
		got, err := s.ask(ctx, in, manifestSegment, []uint32{block}, [][32]byte{digest})
		if err != nil {
			return nil, err
		}
		return got[0], nil
	})
	if err != nil {
		return nil, err
	}
	for _, segment := range manifest.Segments {
		if path != "" && segment.Path != path {
			continue
		}
		blocks := make([]uint32, len(segment.Digests))
		for i := range blocks {
			blocks[i] = uint32(i)
		}
		got, err := s.ask(ctx, in, segment.Index, blocks, segment.Digests)
		if err != nil {
			return nil, err
		}
		hash := sha256.New()
		size := 0
		for i, block := range got {
			if int64(len(block)) != segment.Lengths[i] {
				return nil, fmt.Errorf("block %d is of %d bytes, not of %d", i, len(block), segment.Lengths[i])
			}
			hash.Write(block)
			size += len(block)
		}
		return &Fetched{
			Path: segment.Path, CID: segment.CID, Bytes: size, Blocks: len(got), SHA256: hex.EncodeToString(hash.Sum(nil)),
			Publisher: manifest.Publisher, Segments: len(manifest.Segments),
		}, nil
	}
	return nil, fmt.Errorf("no segment %q", path)
}

func negotiate(stream network.Stream) error {
	if err := multistream.SelectProtoOrFail(Protocol, stream); err != nil {
		_ = stream.Reset()
		return err
	}
	return stream.SetProtocol(Protocol)
}
