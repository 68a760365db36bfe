/** Segments that an MPD may list; one that lists more is only a file. Ten days of two seconds each are 432,000. */
export const MAX_LISTED_SEGMENTS = 500_000

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { Y: 366 * 86_400, D: 86_400, H: 3600, S: 1 }

/** Segments of an MPD's longest representation, roughly: a few bytes of a template can stand for more than any machine can list. */
export function listedSegments (mpd: string): number {
  const repeated = matches(mpd, /\br\s*=\s*["'](\d+)["']/g).reduce((sum, [, count]) => sum + Number(count), 0)
  const longest = matches(mpd, /\b(?:mediaPresentationDuration|timeShiftBufferDepth|duration)\s*=\s*["']P([^"']*)["']/g)
    .reduce((max, [, period = '']) => Math.max(max, secondsOf(period)), 0)
  const shortest = matches(mpd, /<Segment(?:Template|List)\b[^>]*>/g)
    .reduce((min, [tag]) => Math.min(min, (attribute(tag, 'duration') ?? Infinity) / (attribute(tag, 'timescale') ?? 1)), Infinity)
  return Math.max(repeated, longest / shortest, isOpenEnded(mpd) ? longest / shortestRepeated(mpd) : 0)
}

/** A timeline repeats a segment until its period ends. */
export function isOpenEnded (mpd: string): boolean {
  return /\br\s*=\s*["']\s*-/.test(mpd)
}

/** Seconds of the shortest segment in a timeline, on the small side. */
function shortestRepeated (mpd: string): number {
  const timescale = matches(mpd, /\btimescale\s*=\s*["'](\d+)["']/g).reduce((max, [, value]) => Math.max(max, Number(value)), 1)
  return matches(mpd, /\bd\s*=\s*["'](\d+)["']/g).reduce((min, [, value]) => Math.min(min, Number(value)), Infinity) / timescale
}

/** Of an ISO 8601 duration without its `P`, on the large side. */
function secondsOf (period: string): number {
  const [days = '', time = ''] = period.split('T')
  return sumOf(days, 31 * 86_400) + sumOf(time, 60)
}

/** `M` is a month before the `T` and a minute behind it. */
function sumOf (part: string, secondsOfM: number): number {
  return matches(part, /([\d.]+)([A-Z])/g)
    .reduce((sum, [, number, unit = '']) => sum + Number(number) * (unit === 'M' ? secondsOfM : SECONDS_OF_UNIT[unit] ?? 0), 0)
}

function attribute (tag: string, name: string): number | undefined {
  const value = new RegExp(`\\b${name}\\s*=\\s*["'](\\d+)["']`).exec(tag)?.[1]
  return value === undefined ? undefined : Number(value)
}

function matches (text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)]
}
