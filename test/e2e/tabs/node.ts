/** A page with all of Shoal. */

import * as shoal from 'shoal'

Object.assign(globalThis, { shoal })
