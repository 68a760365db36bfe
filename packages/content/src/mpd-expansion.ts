/** Segments that an MPD may list; one that lists more is only a file. Ten days of two seconds each are 432,000. */
const MAX_LISTED_SEGMENTS = 500_000

/** And that all its representations may list together: eight of them, for ten days. */
const MAX_LISTED = 4_000_000
/** Numbers of segments stay below: where adding one changes nothing, whoever counts up to an end never gets there. */
const MAX_NUMBER = 2 ** 52
/** Digits that a template may pad a number to. */
const MAX_WIDTH = 32

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { Y: 366 * 86_400, D: 86_400, H: 3600, S: 1 }

/** A few bytes of an MPD can stand for more than any machine can list, or for more than its parser ever gets through. */
export function isEndless (mpd: string): boolean {
  const text = spelledOut(mpd)
  const listed = listedSegments(text)
  return listed > MAX_LISTED_SEGMENTS || listed * matches(text, /<Representation\b/g).length > MAX_LISTED ||
    numbers(text, 'startNumber').some(number => number > MAX_NUMBER) || matches(text, /%0(\d+)d/g).some(([, width]) => Number(width) > MAX_WIDTH)
}

/** Segments of an MPD's longest representation, roughly, on the large side. */
function listedSegments (mpd: string): number {
  const repeated = numbers(mpd, 'r').reduce((sum, count) => sum + count, 0)
  const numbered = numbers(mpd, 'endNumber').reduce((max, number) => Math.max(max, number), 0)
  const longest = matches(mpd, /\b(?:mediaPresentationDuration|timeShiftBufferDepth|duration)\s*=\s*["']P([^"']*)["']/g)
    .reduce((max, [, period = '']) => Math.max(max, secondsOf(period)), 0)
  return Math.max(repeated, numbered, longest / shortestCounted(mpd), isOpenEnded(mpd) ? longest / shortestRepeated(mpd) : 0)
}

/** A timeline repeats a segment until its period ends. */
export function isOpenEnded (mpd: string): boolean {
  return /\br\s*=\s*["']\s*-/.test(spelledOut(mpd))
}

/** Seconds of the shortest segment in a timeline, on the small side. */
function shortestRepeated (mpd: string): number {
  const timescale = numbers(mpd, 'timescale').reduce((max, value) => Math.max(max, value), 1)
  return numbers(mpd, 'd').reduce((min, value) => Math.min(min, value), Infinity) / timescale
}

/** Seconds of the shortest segment without a timeline. What one element says of a duration and another of its timescale may go together. */
function shortestCounted (mpd: string): number {
  const elements = matches(mpd, /<Segment(?:Template|List)\b[^>]*>/g).map(([tag]) => {
    // a duration in the words of ISO 8601 stands for who knows how little
    const [duration] = /\bduration\s*=\s*["']\s*P/.test(tag) ? [0] : numbers(tag, 'duration')
    return { duration, timescale: numbers(tag, 'timescale')[0] }
  })
  const most = (of: typeof elements): number => of.reduce((max, { timescale = 1 }) => Math.max(max, timescale), 1)
  const alone = most(elements.filter(({ duration }) => duration === undefined))
  const any = most(elements)
  return elements.reduce((min, { duration = Infinity, timescale = any }) => Math.min(min, duration / Math.max(timescale, alone)), Infinity)
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

/** What an attribute says, wherever it stands: as many digits as its value begins with, as parsers read it. */
function numbers (text: string, attribute: string): number[] {
  return matches(text, new RegExp(`\\b${attribute}\\s*=\\s*["']\\s*\\+?(\\d+)`, 'g')).map(([, digits]) => Number(digits))
}

/** Character references that may stand for a digit, a sign or a letter, as what they stand for. */
function spelledOut (text: string): string {
  return text.replace(/&#(?:x([0-9a-f]+)|(\d+));/gi, (all, hex?: string, decimal?: string) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code > 0x1f && code < 0x7f && !/["'<&]/.test(String.fromCharCode(code)) ? String.fromCharCode(code) : all
  })
}

function matches (text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)]
}
