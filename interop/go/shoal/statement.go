package shoal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Limits of what a tenant signs.
const (
	MaxTokenText   = 4_096
	MaxRevocations = 65_536
	MaxNames       = 64
	MaxPrefix      = 1_024
	maxName        = 128
	maxSeconds     = 253_402_300_799
	maxRevoked     = 32_768
	skewSeconds    = 60
)

const (
	tokenType       = "shoal+jwt"
	revocationsType = "shoal-revocations+jwt"
)

// TokenError says why a token or a list does not count.
type TokenError struct{ Reason, Detail string }

func (e *TokenError) Error() string { return e.Reason + ": " + e.Detail }

func fault(reason string, format string, args ...any) error {
	return &TokenError{reason, fmt.Sprintf(format, args...)}
}

// SwarmID is a content that a token is for, and the id to join under.
type SwarmID struct {
	ID      string `json:"id"`
	Derived string `json:"derived"`
}

// Grant is what a token says. What is nil was left out.
type Grant struct {
	ID        string    `json:"id"`
	Peer      string    `json:"peer"`
	Role      string    `json:"role"`
	Region    *string   `json:"region"`
	Swarms    []SwarmID `json:"swarms"`
	Paths     []string  `json:"paths"`
	NotBefore int64     `json:"notBefore"`
	Expires   int64     `json:"expires"`
}

// Covers says whether a segment may be given to the bearer.
func (g *Grant) Covers(path string) bool {
	for _, prefix := range g.Paths {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return g.Paths == nil
}

// Revocations is all that a tenant takes back.
type Revocations struct {
	Sequence int64    `json:"sequence"`
	Tokens   []string `json:"tokens"`
	Peers    []string `json:"peers"`
}

// TokenRequest is who shows a token, for what, and when (ms since 1970). Regions are those of the policy, nil: all.
type TokenRequest struct {
	Peer, Swarm string
	Regions     []string
	Wall        int64
}

// Tenant judges what a tenant signed.
type Tenant struct {
	key     string
	public  ed25519.PublicKey
	revoked *Revocations
}

// NewTenant reads a tenant's key, which has the form of a peer id.
func NewTenant(key string) (*Tenant, error) {
	id, err := peer.Decode(key)
	if err != nil {
		return nil, err
	}
	public, err := id.ExtractPublicKey()
	if err != nil {
		return nil, err
	}
	if public.Type() != crypto.Ed25519 {
		return nil, fmt.Errorf("%s is no Ed25519 key", key)
	}
	raw, err := public.Raw()
	return &Tenant{key: key, public: raw}, err
}

// Judge says what a token grants to whoever shows it.
func (t *Tenant) Judge(token string, request TokenRequest) (*Grant, error) {
	claims, err := readClaims(token, MaxTokenText)
	if err != nil {
		return nil, err
	}
	grant := claims.grant()
	issuer := claims.name("iss")
	if claims.err != nil {
		return nil, claims.err
	}
	if issuer != t.key {
		return nil, fault("other-tenant", "a token of %s", issuer)
	}
	if err := t.verify(token, tokenType); err != nil {
		return nil, err
	}
	switch {
	case grant.Peer != request.Peer:
		return nil, fault("other-peer", "a token for %s", grant.Peer)
	case request.Wall >= (grant.Expires+skewSeconds)*1000:
		return nil, fault("expired", "it ended at %d", grant.Expires)
	case request.Wall < (grant.NotBefore-skewSeconds)*1000:
		return nil, fault("early", "it begins at %d", grant.NotBefore)
	case grant.Swarms != nil && !grant.joins(request.Swarm):
		return nil, fault("other-content", "a token for others")
	case request.Regions != nil && (grant.Region == nil || !contains(request.Regions, *grant.Region)):
		return nil, fault("other-region", "a token for another region")
	case t.revoked != nil && (contains(t.revoked.Tokens, grant.ID) || contains(t.revoked.Peers, grant.Peer)):
		return nil, fault("revoked", "the tenant took it back")
	}
	return grant, nil
}

// Revoke takes a list of what is revoked: nil when it is not above the last one.
func (t *Tenant) Revoke(list string) (*Revocations, error) {
	claims, err := readClaims(list, MaxRevocations)
	if err != nil {
		return nil, err
	}
	issuer := claims.name("iss")
	found := &Revocations{Sequence: claims.integer("seq", 1, 1<<53-1), Tokens: claims.names("tokens"), Peers: claims.names("peers")}
	if claims.err != nil {
		return nil, claims.err
	}
	if issuer != t.key {
		return nil, fault("other-tenant", "a list of %s", issuer)
	}
	if t.revoked != nil && found.Sequence <= t.revoked.Sequence {
		return nil, nil
	}
	if err := t.verify(list, revocationsType); err != nil {
		return nil, err
	}
	t.revoked = found
	return found, nil
}

// HiddenSwarm is the id that a tenant's secret (32 bytes in base64url) makes of a public one.
func HiddenSwarm(secret string, swarm string) (string, error) {
	from, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		return "", err
	}
	id, err := hex.DecodeString(swarm)
	if err != nil {
		return "", err
	}
	key, err := hkdf.Key(sha256.New, from, nil, "shoal swarm ids v1", 32)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(id)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

func (g *Grant) joins(swarm string) bool {
	for _, named := range g.Swarms {
		if named.Derived == swarm {
			return true
		}
	}
	return false
}

// verify checks the signature of a JWS in its compact form, and what it was made to be.
func (t *Tenant) verify(text string, typ string) error {
	parts := strings.Split(text, ".")
	header := &claims{}
	if err := header.read(parts[0]); err != nil {
		return err
	}
	if header.values["alg"] != "EdDSA" || header.values["crit"] != nil {
		return fault("malformed", "a header that is not understood")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return fault("malformed", "%v", err)
	}
	if !ed25519.Verify(t.public, []byte(parts[0]+"."+parts[1]), signature) {
		return fault("forged", "the signature is not the tenant's")
	}
	if header.values["typ"] != typ {
		return fault("malformed", "a statement of the type %v", header.values["typ"])
	}
	return nil
}

// claims reads values; the first that is not what it should be makes all that follow fail.
type claims struct {
	values map[string]any
	err    error
}

var compact = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
var swarmEntry = regexp.MustCompile(`^([0-9a-f]{64})(?::([0-9a-f]{64}))?$`)

func readClaims(text string, most int) (*claims, error) {
	if len(text) > most || !compact.MatchString(text) {
		return nil, fault("malformed", "no JWT of at most %d characters", most)
	}
	c := &claims{}
	return c, c.read(strings.Split(text, ".")[1])
}

func (c *claims) read(part string) error {
	bytesOf, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(bytesOf))
		err = decoder.Decode(&c.values)
	}
	if err != nil || c.values == nil {
		return fault("malformed", "no JSON object: %v", err)
	}
	return nil
}

func (c *claims) grant() *Grant {
	g := &Grant{ID: c.name("jti"), Peer: c.name("sub"), Role: c.name("role"), NotBefore: c.integer("nbf", 0, maxSeconds), Expires: c.integer("exp", 0, maxSeconds)}
	if g.NotBefore >= g.Expires {
		c.fail("it ends before it begins")
	}
	if c.has("region") {
		region := c.name("region")
		g.Region = &region
	}
	if c.has("swarms") {
		g.Swarms = []SwarmID{}
		for _, value := range c.list("swarms", MaxNames) {
			text, _ := value.(string)
			found := swarmEntry.FindStringSubmatch(text)
			if found == nil {
				c.fail("%v is no swarm", value)
				break
			}
			if found[2] == "" {
				found[2] = found[1]
			}
			g.Swarms = append(g.Swarms, SwarmID{found[1], found[2]})
		}
	}
	if c.has("paths") {
		g.Paths = []string{}
		for _, value := range c.list("paths", MaxNames) {
			g.Paths = append(g.Paths, c.text(value, "a prefix", MaxPrefix))
		}
	}
	return g
}

func (c *claims) has(name string) bool {
	_, found := c.values[name]
	return found
}

func (c *claims) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fault("malformed", format, args...)
	}
}

func (c *claims) integer(name string, least int64, most int64) int64 {
	value, ok := c.values[name].(float64)
	if !ok || value != math.Trunc(value) || value < float64(least) || value > float64(most) {
		c.fail("%s is %v", name, c.values[name])
		return 0
	}
	return int64(value)
}

func (c *claims) name(name string) string {
	text := c.text(c.values[name], name, maxName)
	if text == "" {
		c.fail("%s is empty", name)
	}
	return text
}

func (c *claims) names(name string) []string {
	found := []string{}
	for _, value := range c.list(name, maxRevoked) {
		text := c.text(value, name, maxName)
		if text == "" {
			c.fail("a name in %s is empty", name)
		}
		found = append(found, text)
	}
	return found
}

func (c *claims) text(value any, what string, most int) string {
	text, ok := value.(string)
	if !ok || units(text) > most {
		c.fail("%s is %v", what, value)
	}
	return text
}

func (c *claims) list(name string, most int) []any {
	list, ok := c.values[name].([]any)
	if !ok || len(list) > most {
		c.fail("%s is %v", name, c.values[name])
		return nil
	}
	return list
}

// units counts UTF-16 code units, as the limits do.
func units(text string) int { return len(utf16.Encode([]rune(text))) }

func contains(list []string, item string) bool {
	for _, one := range list {
		if one == item {
			return true
		}
	}
	return false
}
