/** What follows a new connection is over by then. */
export const SETTLE_MS = 3000

/** The subject that all are subscribed to, as the viewers of one content are. */
export const TOPIC = 'shoal-bench'
