package shoal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/ipld/go-ipld-prime"
	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	"github.com/ipld/go-ipld-prime/datamodel"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"github.com/multiformats/go-multihash"
)

const (
	maxEnvelope = 4_096
	maxReason   = 256
	maxSequence = 1<<53 - 1
)

// PurgeList is what a publisher has taken back of a content. One of Manifest and Name is nil.
type PurgeList struct {
	Publisher string   `json:"publisher"`
	Manifest  *string  `json:"manifest"`
	Name      *string  `json:"name"`
	Sequence  int64    `json:"sequence"`
	All       bool     `json:"all"`
	Paths     []string `json:"paths"`
	CIDs      []string `json:"cids"`
	Reason    string   `json:"reason"`
	Tag       *string  `json:"tag"`
	// Digest is the SHA-256 of what was signed.
	Digest string `json:"digest"`
}

// Newer says whether of two lists of one content this one counts.
func (p *PurgeList) Newer(than *PurgeList) bool {
	if p.Sequence != than.Sequence {
		return p.Sequence > than.Sequence
	}
	return p.Digest > than.Digest
}

// plain is a record that is its own payload.
type plain struct {
	domain, codec string
	payload       []byte
}

func (p *plain) Domain() string                 { return p.domain }
func (p *plain) Codec() []byte                  { return []byte(p.codec) }
func (p *plain) MarshalRecord() ([]byte, error) { return p.payload, nil }
func (p *plain) UnmarshalRecord(b []byte) error { p.payload = bytes.Clone(b); return nil }

// openSigned verifies an envelope that is written in the one way that doc/protocol.md names.
func openSigned(envelope []byte, most int, domain string, codec string) (payload []byte, signer peer.ID, err error) {
	if len(envelope) > most {
		return nil, "", fmt.Errorf("an envelope of %d bytes", len(envelope))
	}
	sealed := &plain{domain: domain, codec: codec}
	opened, err := record.ConsumeTypedEnvelope(envelope, sealed)
	if err != nil {
		return nil, "", err
	}
	if again, err := opened.Marshal(); err != nil || !bytes.Equal(again, envelope) {
		return nil, "", fmt.Errorf("an envelope that is not written as it should be: %v", err)
	}
	if string(opened.PayloadType) != codec {
		return nil, "", fmt.Errorf("the envelope of %q", opened.PayloadType)
	}
	signer, err = peer.IDFromPublicKey(opened.PublicKey)
	return sealed.payload, signer, err
}

// ReadPurge reads a purge list and verifies its signature; whether the signer is the publisher is for the caller to see.
func ReadPurge(envelope []byte) (*PurgeList, error) {
	payload, signer, err := openSigned(envelope, MaxPurge, "shoal-purge", "/shoal/purge")
	if err != nil {
		return nil, err
	}
	node, err := decodeCanonical(payload)
	if err != nil {
		return nil, err
	}
	r := &reader{}
	known := []string{"all", "tag", "cids", "paths", "reason", "content", "version", "sequence"}
	for entries := r.mapOf(node).MapIterator(); r.err == nil && !entries.Done(); {
		key, _, err := entries.Next()
		r.keep(err)
		if name := r.text(key); !slices.Contains(known, name) {
			r.fail("the key %q", name)
		}
	}
	if version := r.integer(r.at(node, "version")); version != 1 {
		r.fail("version %d", version)
	}
	digest := sha256.Sum256(payload)
	p := &PurgeList{
		Publisher: signer.String(), Sequence: r.within(r.at(node, "sequence"), 0, maxSequence), All: r.boolean(r.at(node, "all")),
		Paths: []string{}, CIDs: []string{}, Reason: r.words(r.at(node, "reason")), Digest: hex.EncodeToString(digest[:]),
	}
	if tag, err := node.LookupByString("tag"); err == nil {
		text := r.words(tag)
		p.Tag = &text
	}
	r.content(r.at(node, "content"), p)
	r.each(r.at(node, "paths"), func(item ipld.Node) {
		path := r.text(item)
		if !goodPath(strings.TrimSuffix(path, "/")) {
			r.fail("the path %q", path)
		}
		p.Paths = append(p.Paths, path)
	})
	r.each(r.at(node, "cids"), func(item ipld.Node) {
		found := r.cid(item)
		if r.err == nil && !isNamed(found, cid.Raw, cid.DagProtobuf) {
			r.fail("the segment %s", found)
		}
		if r.err == nil {
			p.CIDs = append(p.CIDs, found.String())
		}
	})
	if r.err != nil {
		return nil, r.err
	}
	named := len(p.Paths) + len(p.CIDs)
	if !rising(p.Paths) || !rising(p.CIDs) || p.All == (named > 0) || (p.Name != nil && (p.All || len(p.Paths) > 0)) {
		return nil, fmt.Errorf("a list of %d paths and %d CIDs that is not in order, or says too much or nothing", len(p.Paths), len(p.CIDs))
	}
	return p, nil
}

func (r *reader) content(node ipld.Node, p *PurgeList) {
	if r.err != nil {
		return
	}
	if node.Kind() == datamodel.Kind_String {
		name := r.text(node)
		if strings.Contains(name, "/") || !goodPath(name) {
			r.fail("the name %q", name)
		}
		p.Name = &name
		return
	}
	found := r.cid(node)
	if r.err == nil && !isNamed(found, cid.DagCBOR) {
		r.fail("%s is no manifest", found)
	}
	if r.err == nil {
		text := found.String()
		p.Manifest = &text
	}
}

// decodeCanonical reads DAG-CBOR that is in its one canonical form.
func decodeCanonical(block []byte) (ipld.Node, error) {
	node, err := decode(block)
	if err != nil {
		return nil, err
	}
	var again bytes.Buffer
	if err := dagcbor.Encode(node, &again); err != nil {
		return nil, err
	}
	if !bytes.Equal(again.Bytes(), block) {
		return nil, fmt.Errorf("%d bytes of DAG-CBOR that are not canonical", len(block))
	}
	return node, nil
}

func (r *reader) mapOf(node ipld.Node) ipld.Node {
	if r.err == nil && node.Kind() != datamodel.Kind_Map {
		r.fail("a %s where a map belongs", node.Kind())
	}
	return node
}

func (r *reader) each(node ipld.Node, do func(item ipld.Node)) {
	if r.err == nil && node.Kind() != datamodel.Kind_List {
		r.fail("a %s where a list belongs", node.Kind())
	}
	if r.err != nil {
		return
	}
	for items := node.ListIterator(); r.err == nil && !items.Done(); {
		_, item, err := items.Next()
		r.keep(err)
		if r.err == nil {
			do(item)
		}
	}
}

func (r *reader) within(node ipld.Node, least int64, most int64) int64 {
	value := r.integer(node)
	if r.err == nil && (value < least || value > most) {
		r.fail("%d, expected %d to %d", value, least, most)
	}
	return value
}

func (r *reader) boolean(node ipld.Node) bool {
	if r.err != nil {
		return false
	}
	value, err := node.AsBool()
	r.keep(err)
	return value
}

func (r *reader) words(node ipld.Node) string {
	text := r.text(node)
	if units(text) > maxReason {
		r.fail("a text of %d characters", units(text))
	}
	return text
}

func rising(items []string) bool {
	for i := 1; i < len(items); i++ {
		if items[i-1] >= items[i] {
			return false
		}
	}
	return true
}

// isNamed says whether a CID is of version 1, one of the codecs, and SHA-256.
func isNamed(c cid.Cid, codecs ...uint64) bool {
	prefix := c.Prefix()
	return prefix.Version == 1 && prefix.MhType == multihash.SHA2_256 && prefix.MhLength == 32 && slices.Contains(codecs, prefix.Codec)
}

// goodPath says whether a path is relative and safe to join to a folder's name.
func goodPath(path string) bool {
	if len(path) > 1_024 {
		return false
	}
	for _, part := range strings.Split(path, "/") {
		if part == "" || part == "." || part == ".." || len(part) > 255 || strings.ContainsAny(part, "\x00\\") {
			return false
		}
	}
	return true
}
