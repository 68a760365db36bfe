/** The package brings no types. */
declare module 'mpd-parser' {
  export function parse (mpd: string, options: { manifestUri: string, NOW?: number }): unknown
}
