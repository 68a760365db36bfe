/** A swarm id for each number. */
export function swarmId (n: number): string {
  return n.toString(16).padStart(64, '0')
}
