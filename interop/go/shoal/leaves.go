package shoal

import "crypto/sha256"

// The chunker gear-32, version 1.
const (
	leastLeaf = 131_072
	gearBits  = 15
	// The hash forgets what is so many bytes back.
	gearWindow = 32
)

var gear = func() (table [256]uint32) {
	for b := range table {
		x := uint32(b) + 1
		x ^= x >> 16
		x *= 0x85ebca6b
		x ^= x >> 13
		x *= 0xc2b2ae35
		x ^= x >> 16
		table[b] = x
	}
	return table
}()

// CutContent are the lengths of the content-defined leaves of a file without boundaries.
func CutContent(bytes []byte) []int {
	lengths := []int{}
	for len(bytes) > 0 {
		length := min(MaxBlock, len(bytes))
		hash := uint32(0)
		for i := leastLeaf - gearWindow; i < length; i++ {
			hash = hash<<1 + gear[bytes[i]]
			if i >= leastLeaf && hash>>(32-gearBits) == 0 {
				length = i + 1
				break
			}
		}
		lengths = append(lengths, length)
		bytes = bytes[length:]
	}
	return lengths
}

// LiveSwarmOf is the swarm of a live content.
func LiveSwarmOf(publisher string, name string) [32]byte {
	return sha(([]byte)(publisher + "/" + name))
}

func sha(bytes []byte) [32]byte { return sha256.Sum256(bytes) }
