import { ManifestError, type LoadBlock, type VerifiedBlock } from '@shoal/interface'
import { equalBytes } from '@shoal/base'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { dagCborCid } from './cid.js'
import { openEnvelope } from './envelope.js'
import { decodeRoot } from './manifest-root.js'
import { PagedManifest, type OpenedManifest } from './paged-manifest.js'
import { signerOf } from './signer.js'

/** Domain of the envelope's signature. */
export const MANIFEST_DOMAIN = 'shoal-manifest'

/** Payload type of the envelope: the payload is the root's CID, binary. */
export const MANIFEST_PAYLOAD_TYPE = new TextEncoder().encode('/shoal/manifest')

export interface OpenManifestInit {
  /** The root, verified against the CID in the link. */
  readonly root: VerifiedBlock
  /** libp2p signed envelope over the root's CID. */
  readonly envelope: Uint8Array
  /** Gets a page when it is first needed. */
  readonly load: LoadBlock
}

/**
 * Verifies that the publisher named in a manifest's root signed it, and makes its segments readable. Pages load when they are needed.
 * The methods of the result throw `ManifestError` too, when a page turns out not to be what the root says.
 *
 * A segment's own CID and the UnixFS root are the publisher's word: no byte is judged by them, for blocks are verified by the leaf digests.
 *
 * @throws ManifestError the root or the envelope is malformed, absurd, or not signed by the publisher
 */
export async function openManifest ({ root, envelope, load }: OpenManifestInit): Promise<OpenedManifest> {
  const fields = decodeRoot(root.bytes)
  const cid = dagCborCid(root.digest)
  const opened = await openEnvelope(envelope, MANIFEST_DOMAIN)
  if (typeof opened === 'string') throw new ManifestError(`the manifest ${cid} is not signed: ${opened}`)
  if (!equalBytes(opened.payloadType, MANIFEST_PAYLOAD_TYPE)) throw new ManifestError(`the envelope of ${cid} is not one of a manifest`)
  if (!equalBytes(opened.payload, cid.bytes)) throw new ManifestError(`expected a signature of ${cid}, got one of another manifest`)
  const publisher = signerOf(opened.publicKey)
  if (!equalBytes(publicKeyToProtobuf(opened.publicKey), fields.publisher)) {
    throw new ManifestError(`expected the signature of the publisher named in ${cid}, got that of ${publisher}`)
  }
  const { name, kind, segments, blocks, bytes, pages } = fields
  const summary = { cid: cid.toString(), publisher, name, kind, root: fields.root.toString(), segments, blocks, bytes, pages: pages.length }
  return new PagedManifest({ summary, fields, root, envelope, load })
}
