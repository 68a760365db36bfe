package shoal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/ipld/go-ipld-prime"
	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	cidlink "github.com/ipld/go-ipld-prime/linking/cid"
	"github.com/ipld/go-ipld-prime/node/basicnode"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"github.com/multiformats/go-multihash"
)

// manifestSegment is the segment under which a manifest's own blocks travel: block 0 is the root, block n + 1 page n.
const manifestSegment = 0xffff_ffff

// splitLeaves is how many leaves each page but the last holds of a segment that goes over several.
var splitLeaves = map[int64]int{1: 8_000, 2: 7_400}

// Segment is what a manifest says of one.
type Segment struct {
	Index   uint32
	Path    string
	Size    int64
	CID     string
	Digests [][32]byte
	Lengths []int64
}

// Manifest is one whose publisher's signature was verified.
type Manifest struct {
	CID       string
	Swarm     [32]byte
	Publisher string
	Name      string
	Kind      string
	Root      string
	Segments  []Segment
}

// SwarmOf is the swarm of a content that does not change: SHA-256 of the manifest's binary CID.
func SwarmOf(manifest cid.Cid) [32]byte { return sha256.Sum256(manifest.Bytes()) }

// ProviderKey is what a swarm's provider records lie under in the DHT: a raw CIDv1 whose multihash is the swarm id.
func ProviderKey(swarm [32]byte) (cid.Cid, error) {
	hash, err := multihash.Encode(swarm[:], multihash.SHA2_256)
	if err != nil {
		return cid.Undef, err
	}
	return cid.NewCidV1(cid.Raw, hash), nil
}

// ParseLink reads `shoal:<manifest CID>` and leaves its hints aside.
func ParseLink(link string) (cid.Cid, error) {
	text, ok := strings.CutPrefix(link, "shoal:")
	if !ok {
		return cid.Undef, fmt.Errorf("%q is no link", link)
	}
	text, _, _ = strings.Cut(text, "?")
	manifest, err := cid.Decode(text)
	if err != nil {
		return cid.Undef, err
	}
	if prefix := manifest.Prefix(); prefix.Version != 1 || prefix.Codec != cid.DagCBOR || prefix.MhType != multihash.SHA2_256 {
		return cid.Undef, fmt.Errorf("%s is no manifest", text)
	}
	return manifest, nil
}

// signature is the record in a manifest's signed envelope: the CID, binary.
type signature struct{ cid []byte }

func (*signature) Domain() string                   { return "shoal-manifest" }
func (*signature) Codec() []byte                    { return []byte("/shoal/manifest") }
func (s *signature) MarshalRecord() ([]byte, error) { return s.cid, nil }
func (s *signature) UnmarshalRecord(b []byte) error { s.cid = bytes.Clone(b); return nil }

func init() { record.RegisterType(&signature{}) }

// Load gets a block of the manifest: number, digest.
type Load func(ctx context.Context, block uint32, digest [32]byte) ([]byte, error)

// OpenManifest verifies the publisher's signature of a manifest and reads all its pages.
func OpenManifest(ctx context.Context, manifest cid.Cid, envelope []byte, load Load) (*Manifest, error) {
	digest, err := digestOf(manifest)
	if err != nil {
		return nil, err
	}
	block, err := load(ctx, 0, digest)
	if err != nil {
		return nil, err
	}
	root, err := decode(block)
	if err != nil {
		return nil, err
	}
	var sealed signature
	opened, err := record.ConsumeTypedEnvelope(envelope, &sealed)
	if err != nil {
		return nil, fmt.Errorf("the manifest is not signed: %w", err)
	}
	if !bytes.Equal(opened.PayloadType, sealed.Codec()) || !bytes.Equal(sealed.cid, manifest.Bytes()) {
		return nil, errors.New("the signature is that of something else")
	}
	r := reader{}
	version := r.integer(r.at(root, "version"))
	key := r.bytes(r.at(root, "publisher"))
	signed, err := crypto.MarshalPublicKey(opened.PublicKey)
	if err != nil {
		return nil, err
	}
	if r.err == nil && (splitLeaves[version] == 0 || !bytes.Equal(key, signed)) {
		return nil, fmt.Errorf("version %d, or not signed by the publisher", version)
	}
	publisher, err := peer.IDFromPublicKey(opened.PublicKey)
	if err != nil {
		return nil, err
	}
	m := &Manifest{
		CID: manifest.String(), Swarm: SwarmOf(manifest), Publisher: publisher.String(),
		Name: r.text(r.at(root, "name")), Kind: r.text(r.at(root, "kind")), Root: r.cid(r.at(root, "root")).String(),
	}
	pages := r.at(root, "pages")
	for i := int64(0); r.err == nil && i < pages.Length(); i++ {
		entry := r.item(pages, i)
		page := r.cid(r.item(entry, 0))
		first, leafOffset := r.integer(r.item(entry, 3)), r.integer(r.item(entry, 7))
		if r.err != nil {
			break
		}
		digest, err := digestOf(page)
		if err != nil {
			return nil, err
		}
		bytes, err := load(ctx, uint32(i+1), digest)
		if err != nil {
			return nil, err
		}
		list, err := decode(bytes)
		if err != nil {
			return nil, err
		}
		m.page(&r, list, first, leafOffset)
	}
	if r.err == nil && int64(len(m.Segments)) != r.integer(r.at(root, "segments")) {
		return nil, fmt.Errorf("%d segments, the root says something else", len(m.Segments))
	}
	for i := range m.Segments {
		m.Segments[i].finish()
	}
	return m, r.err
}

// page reads the segments of a page; the first may go on from the page before.
func (m *Manifest) page(r *reader, list ipld.Node, first int64, leafOffset int64) {
	for i := int64(0); r.err == nil && i < list.Length(); i++ {
		entry := r.item(list, i)
		if i > 0 {
			leafOffset = 0
		}
		index := first + i
		if leafOffset == 0 {
			if index != int64(len(m.Segments)) {
				r.fail("segment %d after %d", index, len(m.Segments))
				return
			}
			m.begin(r, uint32(index), entry)
		}
		if index >= int64(len(m.Segments)) {
			r.fail("a page that goes on with nothing")
			return
		}
		s := &m.Segments[index]
		s.leaves(r, entry)
	}
}

// pageEntry reads a segment that is whole in its entry.
func (m *Manifest) pageEntry(r *reader, entry ipld.Node) {
	m.begin(r, 0, entry)
	m.Segments[0].leaves(r, entry)
}

func (m *Manifest) begin(r *reader, index uint32, entry ipld.Node) {
	s := Segment{Index: index, Path: r.text(r.item(entry, 0)), Size: r.integer(r.item(entry, 1))}
	if node := r.item(entry, 2); r.err == nil && !node.IsNull() {
		s.CID = cidOf(cid.DagProtobuf, [32]byte(r.digest(node)))
	}
	m.Segments = append(m.Segments, s)
}

// leaves adds those that an entry holds of the segment.
func (s *Segment) leaves(r *reader, entry ipld.Node) {
	leaves := r.bytes(r.item(entry, 3))
	if len(leaves)%32 != 0 {
		r.fail("leaves of %d bytes", len(leaves))
		return
	}
	count := len(leaves) / 32
	for at := range count {
		s.Digests = append(s.Digests, [32]byte(leaves[32*at:]))
	}
	var lengths []byte
	if r.err == nil && entry.Length() > 6 {
		if node := r.item(entry, 6); r.err == nil && !node.IsNull() {
			lengths = r.bytes(node)
		}
	}
	if lengths == nil {
		left := s.Size
		for _, length := range s.Lengths {
			left -= length
		}
		for range count {
			s.Lengths = append(s.Lengths, min(MaxBlock, left))
			left -= MaxBlock
		}
	} else if err := s.stretches(lengths, count); err != nil {
		r.fail("%v", err)
	}
}

// stretches reads lengths: runs of leaves of 256 KiB and one that may be shorter, each as its bytes.
func (s *Segment) stretches(lengths []byte, count int) error {
	for len(lengths) > 0 {
		stretch, shift := int64(0), 0
		for {
			if len(lengths) == 0 || shift > 42 {
				return errors.New("a length that does not end")
			}
			b := lengths[0]
			lengths = lengths[1:]
			stretch |= int64(b&0x7f) << shift
			shift += 7
			if b < 0x80 {
				break
			}
		}
		for ; stretch > 0; count-- {
			length := min(MaxBlock, stretch)
			s.Lengths = append(s.Lengths, length)
			stretch -= length
		}
	}
	if count != 0 {
		return errors.New("lengths of another number of leaves")
	}
	return nil
}

// finish names a segment that is one leaf or none.
func (s *Segment) finish() {
	if s.CID != "" {
		return
	}
	if len(s.Digests) == 0 {
		s.CID = cidOf(cid.Raw, sha256.Sum256(nil))
	} else {
		s.CID = cidOf(cid.Raw, s.Digests[0])
	}
}

func cidOf(codec uint64, digest [32]byte) string {
	hash, _ := multihash.Encode(digest[:], multihash.SHA2_256)
	return cid.NewCidV1(codec, hash).String()
}

func digestOf(c cid.Cid) ([32]byte, error) {
	hash, err := multihash.Decode(c.Hash())
	if err != nil || hash.Code != multihash.SHA2_256 || len(hash.Digest) != 32 {
		return [32]byte{}, fmt.Errorf("%s is not named by a SHA-256", c)
	}
	return [32]byte(hash.Digest), nil
}

func decode(block []byte) (ipld.Node, error) {
	builder := basicnode.Prototype.Any.NewBuilder()
	if err := dagcbor.Decode(builder, bytes.NewReader(block)); err != nil {
		return nil, err
	}
	return builder.Build(), nil
}

// reader takes values out of nodes; the first that is not what it should be makes all that follow fail.
type reader struct{ err error }

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) at(node ipld.Node, key string) ipld.Node {
	found, err := node.LookupByString(key)
	r.keep(err)
	return found
}

func (r *reader) item(node ipld.Node, index int64) ipld.Node {
	if r.err != nil {
		return nil
	}
	found, err := node.LookupByIndex(index)
	r.keep(err)
	return found
}

func (r *reader) integer(node ipld.Node) int64 {
	if r.err != nil {
		return 0
	}
	value, err := node.AsInt()
	r.keep(err)
	return value
}

func (r *reader) text(node ipld.Node) string {
	if r.err != nil {
		return ""
	}
	value, err := node.AsString()
	r.keep(err)
	return value
}

func (r *reader) bytes(node ipld.Node) []byte {
	if r.err != nil {
		return nil
	}
	value, err := node.AsBytes()
	r.keep(err)
	return value
}

func (r *reader) digest(node ipld.Node) []byte {
	bytes := r.bytes(node)
	if len(bytes) != 32 {
		r.fail("a digest of %d bytes", len(bytes))
		return make([]byte, 32)
	}
	return bytes
}

func (r *reader) cid(node ipld.Node) cid.Cid {
	if r.err != nil {
		return cid.Undef
	}
	link, err := node.AsLink()
	r.keep(err)
	if found, ok := link.(cidlink.Link); ok {
		return found.Cid
	}
	r.fail("no CID")
	return cid.Undef
}
