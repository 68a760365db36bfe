/** A store on disk with very many small blocks. */

import { fileStore } from '@shoal/store/node'
import { answer, threadCpu } from './child.ts'
import { crowd } from './crowd.ts'

const [, folder = '', count = ''] = process.argv.slice(2)
answer(await crowd(quota => fileStore({ path: folder, quota }), Number(count), threadCpu))
