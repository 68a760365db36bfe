/**
 * What the packages of Shoal say to each other and to the applications that use them: types, events and error classes,
 * no logic. Each seam has a file; an application needs `options`, `content`, `events` and `errors`.
 *
 * @packageDocumentation
 */

export * from './options.js'
export * from './content.js'
export * from './events.js'
export * from './errors.js'
export * from './block.js'
export * from './manifest.js'
export * from './policy.js'
export * from './access.js'
export * from './have-map.js'
export * from './session.js'
export * from './announcement.js'
export * from './routing.js'
export * from './origin.js'
export * from './store.js'
export * from './profile.js'
export * from './ledger.js'
export * from './shoal.js'
