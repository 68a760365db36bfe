import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import { InvalidCryptoExchangeError, UnexpectedPeerError, type Logger, type PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { encodeSignatureData, verifyPeerCertificate } from '@libp2p/tls/utils'
import { X509Certificate } from '@peculiar/x509'

/** Where a certificate has the peer's key, and that key's signature of the certificate's. */
const KEY_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const SEQUENCE = 0x30
const OCTETS = 0x04

/**
 * Who shows this certificate. The library looks for the key in the first extension alone, and refuses py-libp2p, which has others before
 * it; it has found by then that the certificate is of now, and signed by itself.
 *
 * @param raw DER
 * @param expected whom it has to be
 * @throws Error when it is not valid, or somebody else's
 * @see https://github.com/libp2p/specs/blob/master/tls/tls.md#peer-authentication
 */
export async function peerOfCertificate (raw: Uint8Array, expected: PeerId | undefined, log: Logger): Promise<PeerId> {
  try {
    return await verifyPeerCertificate(raw, expected, log)
  } catch (error) {
    const first = error instanceof Error && error.message.includes('did not include the libp2p public key extension')
    if (!first) throw error
    return await byAnyExtension(raw, expected, error)
  }
}

async function byAnyExtension (raw: Uint8Array, expected: PeerId | undefined, missing: Error): Promise<PeerId> {
  const { extensions, publicKey } = new X509Certificate(raw as Uint8Array<ArrayBuffer>)
  const found = extensions.filter(({ type }) => type === KEY_EXTENSION)
  const [extension] = found
  if (extension === undefined || found.length > 1) throw missing
  const odd = extensions.find(({ critical, type }) => critical && type !== KEY_EXTENSION)
  if (odd !== undefined) throw new InvalidCryptoExchangeError(`the certificate has the critical extension ${odd.type}, which means nothing here`)
  const [key, signature] = twoStrings(new Uint8Array(extension.value))
  const peerKey = publicKeyFromProtobuf(key)
  if (!await peerKey.verify(encodeSignatureData(publicKey.rawData), signature)) {
    throw new InvalidCryptoExchangeError('the peer’s key did not sign the certificate’s')
  }
  const peer = peerIdFromPublicKey(peerKey)
  if (expected?.equals(peer) === false) throw new UnexpectedPeerError(`expected ${expected.toString()}, got ${peer.toString()}`)
  return peer
}

/** SignedKey of the specification: a sequence of two octet strings, and nothing behind them. */
function twoStrings (der: Uint8Array): [Uint8Array, Uint8Array] {
  const whole = element(der, SEQUENCE)
  const first = element(whole.value, OCTETS)
  const second = element(first.rest, OCTETS)
  const more = whole.rest.byteLength + second.rest.byteLength
  if (more > 0) throw new InvalidCryptoExchangeError('more in the extension of the certificate than there should be')
  return [first.value, second.value]
}

/** One element of DER, of at most 65,535 bytes. */
function element (der: Uint8Array, tag: number): { readonly value: Uint8Array, readonly rest: Uint8Array } {
  const [found, first = 0, second = 0, third = 0] = der
  const [length, header] = first < 0x80
    ? [first, 2]
    : first === 0x81 ? [second, 3] : first === 0x82 ? [second * 256 + third, 4] : [Infinity, 0]
  const end = header + length
  if (found !== tag || end > der.byteLength) throw new InvalidCryptoExchangeError('the extension of the certificate is malformed')
  return { value: der.subarray(header, end), rest: der.subarray(end) }
}
