/**
 * All of `@shoal/ipfs`, and CAR files on a disk.
 *
 * @packageDocumentation
 */

import { CarIndexedReader } from '@ipld/car/indexed-reader'
import { CarError, type CarFile } from './car.js'

export { startIpfs } from './start.js'

/** Opens a CAR file so that its blocks can be read in any order; memory holds its index alone. @throws CarError it cannot be read as one */
export async function openCarFile (path: string): Promise<CarFile & { close (): Promise<void> }> {
  try {
    return await CarIndexedReader.fromFile(path)
  } catch (error) {
    throw new CarError(`${path} cannot be read as a CAR file: ${(error as Error).message}`, { cause: error })
  }
}
