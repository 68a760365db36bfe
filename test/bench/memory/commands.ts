/** What the bench says to its processes. */

export interface Sample {
  /** Through this node so far. */
  readonly bytes: number
  /** Resident set, bytes. */
  readonly rss: number
}

export interface Commands {
  /** A node with a data folder. */
  start (data: string): Promise<void>
  /** Resolves with the link. */
  publish (file: string): Promise<string>
  save (link: string, out: string): Promise<void>
  /** That many further nodes, which nobody can dial, open the content, fetch it and stay. */
  join (link: string, count: number): Promise<void>
  samples (): Promise<readonly Sample[]>
  rss (): Promise<number>
  /** Resolves when the node has that many sessions. */
  peers (count: number): Promise<void>
}

export interface Question {
  readonly id: number
  readonly command: keyof Commands
  readonly args: readonly unknown[]
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}
