package shoal

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ipfs/go-cid"
)

// The vectors of interop/vectors, which the TypeScript packages are held to as well.

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "vectors", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	bytes, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// one is the message in a frame; nil when it is passed over.
func one(frame []byte) (*Message, error) {
	from := bytes.NewReader(frame)
	got, err := ReadFrame(from, FrameCap)
	if err != nil {
		return nil, err
	}
	if from.Len() > 0 {
		return nil, errors.New("bytes behind the frame")
	}
	return Decode(got)
}

func same(t *testing.T, got any, want any) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("got %s, want %s", a, b)
	}
}

func TestMessages(t *testing.T) {
	var v struct {
		Accepted []struct {
			Name, Frame string
			Message     Message
		}
		Ignored, Refused []struct{ Name, Frame string }
	}
	read(t, "messages", &v)
	for _, c := range v.Accepted {
		t.Run(c.Name, func(t *testing.T) {
			got, err := one(unhex(t, c.Frame))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, c.Message)
		})
	}
	for _, c := range v.Ignored {
		t.Run(c.Name, func(t *testing.T) {
			if got, err := one(unhex(t, c.Frame)); err != nil || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			if got, err := one(unhex(t, c.Frame)); !errors.Is(err, errMalformed) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// What this fetcher says is what the vectors have.
func TestSaid(t *testing.T) {
	for _, frame := range []Frame{
		helloFrame(), joinFrame(1, [32]byte{1}), emptyHaveFrame(1), requestFrame(1, 2, 3, []uint32{4}), refuseFrame(1, 1, []uint32{2}),
		creditFrame(5), pongFrame(6), goodbyeFrame("done"),
	} {
		if _, err := one(frame.Bytes()); err != nil {
			t.Errorf("a frame of type %#x: %v", frame.Type, err)
		}
	}
	same(t, hex.EncodeToString(requestFrame(7, 1, 0, []uint32{0, 1, 5}).Bytes()), frameOf(t, "a REQUEST"))
	same(t, hex.EncodeToString(helloFrame().Bytes()), frameOf(t, "a HELLO"))
	same(t, hex.EncodeToString(emptyHaveFrame(7).Bytes()), frameOf(t, "a HAVE of nothing"))
	same(t, hex.EncodeToString(creditFrame(262_144).Bytes()), frameOf(t, "a CREDIT"))
}

func frameOf(t *testing.T, name string) string {
	var v struct {
		Accepted []struct{ Name, Frame string }
	}
	read(t, "messages", &v)
	for _, c := range v.Accepted {
		if c.Name == name {
			return c.Frame
		}
	}
	t.Fatalf("no vector %q", name)
	return ""
}

func TestAnnouncements(t *testing.T) {
	var v struct {
		Accepted []struct {
			Name, From, Bytes string
			Announcement      Announcement
		}
		Refused []struct{ Name, From, Bytes string }
	}
	read(t, "announcements", &v)
	for _, c := range v.Accepted {
		t.Run(c.Name, func(t *testing.T) {
			got, err := ReadAnnouncement(c.From, unhex(t, c.Bytes))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, c.Announcement)
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			if got, err := ReadAnnouncement(c.From, unhex(t, c.Bytes)); !errors.Is(err, errMalformed) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

type manifestVector struct {
	Name, Manifest, Swarm, ProviderKey, Publisher, Title, Kind, Root, RootBlock, Envelope string
	Pages                                                                                 []string
	Segments                                                                              []struct {
		Index   uint32
		Path    string
		Size    int64
		CID     string
		Digests []string
		Lengths []int64
	}
}

// opened does what a fetcher does: it verifies each block, then the signature.
func opened(t *testing.T, v manifestVector) (*Manifest, error) {
	manifest, err := cid.Decode(v.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	return OpenManifest(context.Background(), manifest, unhex(t, v.Envelope), func(_ context.Context, at uint32, digest [32]byte) ([]byte, error) {
		block := unhex(t, v.RootBlock)
		if at > 0 {
			block = unhex(t, v.Pages[at-1])
		}
		if sha(block) != digest {
			return nil, fmt.Errorf("block %d has another hash", at)
		}
		return block, nil
	})
}

func TestManifests(t *testing.T) {
	var v struct{ Accepted, Refused []manifestVector }
	read(t, "manifests", &v)
	for _, c := range v.Accepted {
		t.Run(c.Name, func(t *testing.T) {
			m, err := opened(t, c)
			if err != nil {
				t.Fatal(err)
			}
			key, _ := ProviderKey(m.Swarm)
			same(t, []string{hex.EncodeToString(m.Swarm[:]), key.String(), m.Publisher, m.Name, m.Kind, m.Root},
				[]string{c.Swarm, c.ProviderKey, c.Publisher, c.Title, c.Kind, c.Root})
			if len(m.Segments) != len(c.Segments) {
				t.Fatalf("%d segments, want %d", len(m.Segments), len(c.Segments))
			}
			for i, want := range c.Segments {
				got := m.Segments[i]
				digests := []string{}
				for _, digest := range got.Digests {
					digests = append(digests, hex.EncodeToString(digest[:]))
				}
				if got.Index != want.Index || got.Path != want.Path || got.Size != want.Size || got.CID != want.CID ||
					!slices.Equal(digests, want.Digests) || !slices.Equal(got.Lengths, want.Lengths) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			if m, err := opened(t, c); err == nil {
				t.Errorf("got %+v", m)
			}
		})
	}
}

func TestLeaves(t *testing.T) {
	var v struct {
		Gear  []uint32
		Files []struct {
			Name, Method string
			Seed         uint32
			Length       int
			Lengths      []int
		}
	}
	read(t, "leaves", &v)
	for b, want := range v.Gear {
		if gear[b] != want {
			t.Fatalf("gear[%d] is %d, want %d", b, gear[b], want)
		}
	}
	for _, c := range v.Files {
		if c.Method != "content" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			bytes := make([]byte, c.Length)
			word := c.Seed
			for i := range bytes {
				word ^= word << 13
				word ^= word >> 17
				word ^= word << 5
				bytes[i] = byte(word)
			}
			if got := CutContent(bytes); !slices.Equal(got, c.Lengths) {
				t.Errorf("got %v, want %v", got, c.Lengths)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	var v struct {
		Accepted []struct{ Link, Manifest, Publisher, Name, Swarm string }
	}
	read(t, "links", &v)
	for _, c := range v.Accepted {
		if c.Manifest == "" {
			swarm := LiveSwarmOf(c.Publisher, c.Name)
			same(t, hex.EncodeToString(swarm[:]), c.Swarm)
			continue
		}
		manifest, err := ParseLink(c.Link)
		if err != nil {
			t.Fatal(err)
		}
		swarm := SwarmOf(manifest)
		same(t, []string{manifest.String(), hex.EncodeToString(swarm[:])}, []string{c.Manifest, c.Swarm})
	}
}

func TestHeads(t *testing.T) {
	type vector struct {
		Name, Publisher, Content, Head string
		Window                         *string
		Says                           Head
	}
	var v struct{ Accepted, Refused []vector }
	read(t, "heads", &v)
	open := func(t *testing.T, c vector) (*Head, error) {
		var window []byte
		if c.Window != nil {
			window = unhex(t, *c.Window)
		}
		return OpenHead(unhex(t, c.Head), c.Publisher, c.Content, window)
	}
	for _, c := range v.Accepted {
		t.Run(c.Name, func(t *testing.T) {
			got, err := open(t, c)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, c.Says)
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			if got, err := open(t, c); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestPurges(t *testing.T) {
	var v struct {
		Accepted []struct {
			Name, Purge string
			Says        PurgeList
		}
		Newer []struct {
			Name   string
			Purges [2]string
		}
		Refused []struct{ Name, Purge string }
	}
	read(t, "purges", &v)
	for _, c := range v.Accepted {
		t.Run(c.Name, func(t *testing.T) {
			got, err := ReadPurge(unhex(t, c.Purge))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, c.Says)
		})
	}
	for _, c := range v.Newer {
		t.Run(c.Name, func(t *testing.T) {
			older, err := ReadPurge(unhex(t, c.Purges[0]))
			if err != nil {
				t.Fatal(err)
			}
			newer, err := ReadPurge(unhex(t, c.Purges[1]))
			if err != nil {
				t.Fatal(err)
			}
			if !newer.Newer(older) || older.Newer(newer) {
				t.Error("the first counts")
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			if got, err := ReadPurge(unhex(t, c.Purge)); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

type tokenRequest struct {
	Peer, Swarm string
	Regions     []string
	Wall        int64
	Revoked     *string
}

func judged(t *testing.T, tenant string, token string, r tokenRequest) (*Grant, error) {
	judge, err := NewTenant(tenant)
	if err != nil {
		t.Fatal(err)
	}
	if r.Revoked != nil {
		if list, err := judge.Revoke(*r.Revoked); list == nil {
			t.Fatal(err)
		}
	}
	return judge.Judge(token, TokenRequest{r.Peer, r.Swarm, r.Regions, r.Wall})
}

func TestTokens(t *testing.T) {
	var v struct {
		Tenant   string
		Accepted []struct {
			Name, Token string
			Request     tokenRequest
			Grant       Grant
			Covers      map[string]bool
		}
		Refused []struct {
			Name, Token, Reason string
			Request             tokenRequest
		}
		Revocations []struct {
			Name, List string
			Counts     bool
			Reason     *string
			Says       *Revocations
		}
		Hidden []struct{ Secret, Swarm, ID string }
	}
	read(t, "tokens", &v)
	for _, c := range v.Accepted {
		t.Run(c.Name, func(t *testing.T) {
			got, err := judged(t, v.Tenant, c.Token, c.Request)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, c.Grant)
			for path, covered := range c.Covers {
				if got.Covers(path) != covered {
					t.Errorf("covers %q: %v", path, !covered)
				}
			}
		})
	}
	for _, c := range v.Refused {
		t.Run(c.Name, func(t *testing.T) {
			refusedFor(t, c.Reason, func() error { _, err := judged(t, v.Tenant, c.Token, c.Request); return err })
		})
	}
	tenant, err := NewTenant(v.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Revocations {
		t.Run(c.Name, func(t *testing.T) {
			if c.Reason != nil {
				refusedFor(t, *c.Reason, func() error { _, err := tenant.Revoke(c.List); return err })
				return
			}
			list, err := tenant.Revoke(c.List)
			if err != nil || (list != nil) != c.Counts {
				t.Fatalf("got %v, %v", list, err)
			}
			same(t, list, c.Says)
		})
	}
	for _, c := range v.Hidden {
		if got, err := HiddenSwarm(c.Secret, c.Swarm); err != nil || got != c.ID {
			t.Errorf("got %s, %v, want %s", got, err, c.ID)
		}
	}
}

func refusedFor(t *testing.T, reason string, do func() error) {
	t.Helper()
	var refused *TokenError
	if err := do(); !errors.As(err, &refused) || refused.Reason != reason {
		t.Errorf("got %v, want %s", err, reason)
	}
}
