/**
 * Makes the demo's film and cuts it into an HLS presentation. Needs ffmpeg with libx264 in the path; takes some minutes.
 *
 *   node packages/demo/media/make/make.js [--still SECOND FILE.png]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPainter } from './draw.js'
import { ambient } from './sound.js'
import { createShoal, goal, seeded } from './swim.js'

const SECONDS = 92
const FPS = 24
const WIDTH = 1280
const HEIGHT = 720
const FISH = 900
const SEGMENT_SECONDS = 4
const VIDEO_KBIT = 540
const WARM_UP_SECONDS = 12

const shoal = createShoal(FISH, seeded(42))
const paint = createPainter(WIDTH, HEIGHT)
const centre = goal(0)

/** Moves the shoal on by one frame; the camera follows its middle with some delay. */
function advance (t) {
  shoal.step(1 / FPS, t)
  for (let k = 0; k < 3; k++) {
    let sum = 0
    for (let i = 0; i < FISH; i++) sum += shoal.p[i * 3 + k]
    centre[k] += (sum / FISH - centre[k]) * 0.03
  }
}

function ffmpeg (args, cwd) {
  return spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], { cwd, stdio: ['pipe', 'inherit', 'inherit'] })
}

async function finished (child) {
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`ffmpeg ended with code ${code}`)
}

async function multivariant (folder) {
  const names = (await readdir(folder)).filter(name => name.endsWith('.m4s'))
  const bits = await Promise.all(names.map(async name => (await stat(join(folder, name))).size * 8))
  const peak = Math.ceil(Math.max(...bits) / SEGMENT_SECONDS)
  const average = Math.ceil(bits.reduce((a, b) => a + b) / SECONDS)
  return `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=${peak},AVERAGE-BANDWIDTH=${average},RESOLUTION=${WIDTH}x${HEIGHT},FRAME-RATE=${FPS},CODECS="avc1.640028,mp4a.40.2"
720p/index.m3u8
`
}

for (let n = 0; n < WARM_UP_SECONDS * FPS; n++) advance(n / FPS - WARM_UP_SECONDS)

const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(FPS), '-i', '-']
if (process.argv[2] === '--still') {
  const second = Number(process.argv[3])
  for (let n = 0; n < second * FPS; n++) {
    advance(n / FPS)
    if (n > second * FPS - 20) paint(n / FPS, shoal, centre, 1)
  }
  const child = ffmpeg([...raw, '-frames:v', '1', process.argv[4]])
  child.stdin.end(paint(second, shoal, centre, 1))
  await finished(child)
} else {
  const work = await mkdtemp(join(tmpdir(), 'shoal-film-'))
  const out = join(import.meta.dirname, '..', 'stream')
  await writeFile(join(work, 'sound.wav'), ambient(SECONDS))
  // lossless first: two-pass encoding reads it twice
  const film = ffmpeg([...raw, '-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '8', '-pix_fmt', 'yuv420p', 'film.mkv'], work)
  for (let n = 0; n < SECONDS * FPS; n++) {
    advance(n / FPS)
    const fade = Math.min(1, (n + 12) / FPS / 1.6, (SECONDS * FPS - n) / FPS / 2)
    if (!film.stdin.write(Buffer.from(paint(n / FPS, shoal, centre, fade)))) await once(film.stdin, 'drain')
    if (n % FPS === 0) process.stderr.write(`\r${n / FPS} of ${SECONDS} s `)
  }
  film.stdin.end()
  await finished(film)

  await rm(out, { recursive: true, force: true })
  await mkdir(join(out, '720p'), { recursive: true })
  const gop = String(SEGMENT_SECONDS * FPS)
  const video = ['-c:v', 'libx264', '-preset', 'slower', '-b:v', `${VIDEO_KBIT}k`, '-maxrate', `${VIDEO_KBIT * 2}k`, '-bufsize', `${VIDEO_KBIT * 4}k`,
    '-g', gop, '-keyint_min', gop, '-sc_threshold', '0', '-x264-params', 'aq-mode=3:aq-strength=1.1:psy-rd=0.8,0', '-pix_fmt', 'yuv420p', '-profile:v', 'high', '-level', '4.0',
    '-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-passlogfile', join(work, 'pass')]
  await finished(ffmpeg(['-i', 'film.mkv', '-an', ...video, '-pass', '1', '-f', 'null', '-'], work))
  await finished(ffmpeg(['-i', join(work, 'film.mkv'), '-i', join(work, 'sound.wav'), ...video, '-pass', '2', '-c:a', 'aac', '-b:a', '64k', '-map', '0:v', '-map', '1:a',
    '-f', 'hls', '-hls_time', String(SEGMENT_SECONDS), '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4', '-hls_flags', 'independent_segments',
    '-hls_fmp4_init_filename', 'init.mp4', '-hls_segment_filename', '720p/seg%02d.m4s', '720p/index.m3u8'], out))
  await writeFile(join(out, 'main.m3u8'), await multivariant(join(out, '720p')))
  await rm(work, { recursive: true })
}
