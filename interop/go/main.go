// A go-libp2p peer for the runs of interop/: told what to do by JSON lines on standard input, it answers by JSON lines on standard output and
// ends with its input. Its one argument is its configuration.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// No command takes longer.
const patience = 60 * time.Second

func main() {
	var c config
	if len(os.Args) != 2 || json.Unmarshal([]byte(os.Args[1]), &c) != nil {
		fmt.Fprintln(os.Stderr, `usage: interop '{"network":"…","listen":["/ip4/127.0.0.1/tcp/0"],"security":["tls","noise"]}'`)
		os.Exit(2)
	}
	n, err := start(context.Background(), c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex
	say := func(line any) {
		bytes, err := json.Marshal(line)
		if err != nil {
			panic(err)
		}
		mu.Lock()
		defer mu.Unlock()
		os.Stdout.Write(append(bytes, '\n'))
	}
	say(map[string]any{"ready": map[string]any{"peer": n.host.ID().String(), "addrs": n.addrs()}})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var asked command
		if err := asked.parse(lines.Bytes()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			result, err := n.do(ctx, asked)
			if err != nil {
				say(map[string]any{"id": asked.ID, "error": err.Error()})
				return
			}
			say(map[string]any{"id": asked.ID, "ok": result})
		}()
	}
	n.host.Close()
}
