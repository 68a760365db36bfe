package shoal

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/ipld/go-ipld-prime"
)

const (
	maxHead    = 65_536
	maxTarget  = 3_600_000
	maxOrigins = 16
)

// Head is what a publisher says of a live content at one moment, its window verified.
type Head struct {
	Epoch   int64  `json:"epoch"`
	Counter int64  `json:"counter"`
	Window  string `json:"window"`
	Size    int64  `json:"size"`
	// Digest is the SHA-256 of the statement.
	Digest   string         `json:"digest"`
	Ended    bool           `json:"ended"`
	Target   int64          `json:"target"`
	Origins  []string       `json:"origins"`
	Policy   map[string]any `json:"policy"`
	Segments []LiveSegment  `json:"segments"`
}

// LiveSegment is a segment of a window. What is nil is not said.
type LiveSegment struct {
	Index     int64    `json:"index"`
	Playlist  bool     `json:"playlist"`
	Path      string   `json:"path"`
	Size      int64    `json:"size"`
	CID       string   `json:"cid"`
	Digests   []string `json:"digests"`
	Lengths   []int64  `json:"lengths"`
	Duration  *int64   `json:"duration"`
	Rendition *string  `json:"rendition"`
}

// OpenHead verifies that the publisher signed a head of this name, and reads its window: the one inside, or else the block that is given.
func OpenHead(head []byte, publisher string, name string, block []byte) (*Head, error) {
	if len(head) < 2 || len(head) > maxHead {
		return nil, fmt.Errorf("a head of %d bytes", len(head))
	}
	end := 2 + int(head[0])<<8 + int(head[1])
	if end > len(head) {
		return nil, fmt.Errorf("an envelope that ends at %d of %d", end, len(head))
	}
	payload, signer, err := openSigned(head[2:end], maxEnvelope, "shoal-head", "/shoal/head")
	if err != nil {
		return nil, err
	}
	if signer.String() != publisher {
		return nil, fmt.Errorf("signed by %s", signer)
	}
	statement, err := decodeCanonical(payload)
	if err != nil {
		return nil, err
	}
	r := &reader{}
	if version, named := r.integer(r.at(statement, "version")), r.text(r.at(statement, "name")); version != 1 || named != name {
		r.fail("version %d of %q", version, named)
	}
	window := r.cid(r.at(statement, "window"))
	digest := sha(payload)
	h := &Head{
		Epoch: r.within(r.at(statement, "epoch"), 0, maxSequence), Counter: r.within(r.at(statement, "counter"), 0, maxSequence),
		Size: r.within(r.at(statement, "size"), 1, MaxBlock), Digest: hex.EncodeToString(digest[:]),
		Origins: []string{}, Policy: map[string]any{}, Segments: []LiveSegment{},
	}
	if r.err == nil && !isNamed(window, cid.DagCBOR) {
		r.fail("the window %s", window)
	}
	if r.err != nil {
		return nil, r.err
	}
	h.Window = window.String()
	if end < len(head) {
		block = head[end:]
	}
	wanted, err := digestOf(window)
	if err != nil {
		return nil, err
	}
	if int64(len(block)) != h.Size || sha(block) != wanted {
		return nil, fmt.Errorf("%d bytes that are not the window", len(block))
	}
	list, err := decodeCanonical(block)
	if err != nil {
		return nil, err
	}
	h.window(r, list)
	return h, r.err
}

func (h *Head) window(r *reader, window ipld.Node) {
	if version := r.integer(r.at(window, "version")); version != 1 {
		r.fail("a window of version %d", version)
	}
	h.Ended, h.Target = r.boolean(r.at(window, "ended")), r.within(r.at(window, "target"), 0, maxTarget)
	r.each(r.at(window, "origins"), func(item ipld.Node) {
		origin := r.text(item)
		if !normalOrigin(origin) || len(h.Origins) == maxOrigins {
			r.fail("the origin %q", origin)
		}
		h.Origins = append(h.Origins, origin)
	})
	if r.err != nil {
		return
	}
	if policy, err := window.LookupByString("policy"); err == nil {
		h.Policy = r.policy(policy)
	}
	paths := map[string]bool{}
	r.each(r.at(window, "segments"), func(item ipld.Node) {
		segment := r.liveSegment(item)
		if count := len(h.Segments); count > 0 && h.Segments[count-1].Index >= segment.Index {
			r.fail("segment %d after %d", segment.Index, h.Segments[count-1].Index)
		}
		paths[segment.Path] = true
		h.Segments = append(h.Segments, segment)
	})
	for path := range paths {
		for at, char := range path {
			if char == '/' && paths[path[:at]] {
				r.fail("%q is a file and a folder", path[:at])
			}
		}
	}
}

func (r *reader) liveSegment(item ipld.Node) LiveSegment {
	s := LiveSegment{Index: r.within(r.item(item, 0), 0, manifestSegment-1), Playlist: r.boolean(r.item(item, 1)), Digests: []string{}, Lengths: []int64{}}
	entry := r.item(item, 2)
	if r.err == nil && (item.Length() != 3 || entry.Length() != 7) {
		r.fail("a segment of %d and %d places", item.Length(), entry.Length())
	}
	// the places of a page's entry are read as those of a manifest are
	m := &Manifest{}
	m.pageEntry(r, entry)
	if r.err != nil {
		return s
	}
	found := m.Segments[0]
	found.finish()
	s.Path, s.Size, s.CID, s.Lengths = found.Path, found.Size, found.CID, append(s.Lengths, found.Lengths...)
	sum := int64(0)
	for i, digest := range found.Digests {
		s.Digests = append(s.Digests, hex.EncodeToString(digest[:]))
		sum += found.Lengths[i]
	}
	if !goodPath(s.Path) || sum != s.Size {
		r.fail("%q with leaves of %d of %d bytes", s.Path, sum, s.Size)
	}
	if node := r.item(entry, 4); r.err == nil && !node.IsNull() {
		duration := r.within(node, 0, 86_400_000)
		s.Duration = &duration
	}
	if node := r.item(entry, 5); r.err == nil && !node.IsNull() {
		rendition := r.text(node)
		if !goodPath(rendition) {
			r.fail("the rendition %q", rendition)
		}
		s.Rendition = &rendition
	}
	return s
}

// policy holds keys that are known, and nothing else: who may have a content is never passed over.
func (r *reader) policy(node ipld.Node) map[string]any {
	known := []string{"ttl", "residency", "token", "replication", "tags", "renditions", "significantQuery"}
	found := map[string]any{}
	for entries := r.mapOf(node).MapIterator(); r.err == nil && !entries.Done(); {
		key, value, err := entries.Next()
		r.keep(err)
		name := r.text(key)
		if !slices.Contains(known, name) {
			r.fail("the policy %q", name)
		}
		found[name] = r.value(value)
	}
	return found
}

// value is a number, a text, a boolean, or a list of them.
func (r *reader) value(node ipld.Node) any {
	if r.err != nil {
		return nil
	}
	if number, err := node.AsInt(); err == nil {
		return number
	}
	if truth, err := node.AsBool(); err == nil {
		return truth
	}
	if text, err := node.AsString(); err == nil {
		return text
	}
	list := []any{}
	r.each(node, func(item ipld.Node) { list = append(list, r.value(item)) })
	return list
}

// normalOrigin says whether a base URL is one, and is written as it should be: as far as net/url knows the standard of browsers.
func normalOrigin(text string) bool {
	parsed, err := url.Parse(text)
	if err != nil || units(text) > 2_048 || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.User != nil || strings.Contains(text, "#") {
		return false
	}
	return parsed.Host != "" && parsed.Host == strings.ToLower(parsed.Host) && strings.HasPrefix(parsed.Path, "/") && parsed.String() == text
}
