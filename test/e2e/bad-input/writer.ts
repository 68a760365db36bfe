/** Fetches a content into the store of a data folder, until it is killed: `node writer.ts DATA LINK`. */

import { createShoal } from 'shoal'

const [data = '', link = ''] = process.argv.slice(2)
const node = await createShoal({ data, listen: ['/ip4/127.0.0.1/tcp/0'] })
await (await node.open(link)).fetchAll()
