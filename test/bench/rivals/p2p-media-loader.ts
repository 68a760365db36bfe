/** hls.js with p2p-media-loader as its README has it, on a tracker of its own and without anybody's STUN server. */
import Hls from 'hls.js'
import { HlsJsP2PEngine } from 'p2p-media-loader-hlsjs'
import { begin } from '../offload/begin.ts'
import { player } from '../offload/viewing.ts'

const HlsWithP2P = HlsJsP2PEngine.injectMixin(Hls)

begin((viewing, _video, config) => {
  const { swarm, meet } = config
  const told = { http: 0, p2p: 0, uploaded: 0, peers: 0 }
  const hls = new HlsWithP2P({
    ...player(config),
    p2p: {
      core: { swarmId: swarm, announceTrackers: [...meet], rtcConfig: { iceServers: [] } },
      onHlsJsCreated (created) {
        created.p2pEngine.addEventListener('onChunkDownloaded', (bytes, source) => { told[source] += bytes })
        created.p2pEngine.addEventListener('onChunkUploaded', bytes => { told.uploaded += bytes })
        created.p2pEngine.addEventListener('onPeerConnect', () => { told.peers++ })
      }
    }
  })
  viewing.told = () => told
  viewing.play(hls, Hls)
})
