import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Logger, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { encodeSignatureData, generateCertificate } from '@libp2p/tls/utils'
import { BasicConstraintsExtension, Extension, X509Certificate, X509CertificateGenerator } from '@peculiar/x509'
import { expect } from 'chai'
import { peerOfCertificate } from '../src/node/tls-certificate.js'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const KEY_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const log = Object.assign(() => {}, { error: () => {}, trace: () => {} }) as unknown as Logger

const octets = (bytes: Uint8Array): number[] => [0x04, ...length(bytes.byteLength), ...bytes]
const length = (bytes: number): number[] => bytes < 128 ? [bytes] : [0x81, bytes]

describe('a certificate of TLS', () => {
  const make = async (key: PrivateKey, {
    signer = key, critical = false, copies = 1, spoil = (bytes: Uint8Array) => bytes
  }: { signer?: PrivateKey, critical?: boolean, copies?: number, spoil?: (bytes: Uint8Array) => Uint8Array } = {}): Promise<Uint8Array> => {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const signature = await signer.sign(encodeSignatureData(await crypto.subtle.exportKey('spki', keys.publicKey)))
    const inside = [...octets(publicKeyToProtobuf(key.publicKey)), ...octets(signature)]
    const signed = spoil(Uint8Array.from([0x30, ...length(inside.length), ...inside]))
    const certificate = await X509CertificateGenerator.createSelfSigned({
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, critical),
        ...Array.from({ length: copies }, () => new Extension(KEY_EXTENSION, false, signed as Uint8Array<ArrayBuffer>))
      ]
    }, crypto)
    return new Uint8Array(certificate.rawData)
  }
  const failing = async (raw: Uint8Array, expected?: PrivateKey): Promise<string> => {
    const peer = expected === undefined ? undefined : peerIdFromPrivateKey(expected)
    return await peerOfCertificate(raw, peer, log).then(found => `took it for ${found.toString()}`, (error: unknown) => (error as Error).name)
  }

  it('names its peer, whichever of its extensions has the key', async () => {
    for (const type of ['Ed25519', 'secp256k1'] as const) {
      const key = await generateKeyPair(type)
      const peer = peerIdFromPrivateKey(key)
      const { cert } = await generateCertificate(key)
      for (const raw of [new Uint8Array(new X509Certificate(cert).rawData), await make(key)]) {
        expect((await peerOfCertificate(raw, peer, log)).equals(peer), type).to.equal(true)
        expect((await peerOfCertificate(raw, undefined, log)).equals(peer), type).to.equal(true)
      }
    }
  })

  it('is refused where it is somebody else’s, or nobody’s', async () => {
    const [key, other] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    expect(await failing(await make(key), other)).to.equal('UnexpectedPeerError')
    expect(await failing(await make(key, { signer: other }))).to.equal('InvalidCryptoExchangeError')
    expect(await failing(await make(key, { critical: true }))).to.equal('InvalidCryptoExchangeError')
    for (const copies of [0, 2]) expect(await failing(await make(key, { copies }))).to.equal('InvalidCertificateError')
  })

  it('is refused where the key is not as it should be', async () => {
    const key = await generateKeyPair('Ed25519')
    for (const spoil of [
      (bytes: Uint8Array) => bytes.subarray(0, -1),
      (bytes: Uint8Array) => Uint8Array.from([...bytes, 0]),
      (bytes: Uint8Array) => Uint8Array.from([0x31, ...bytes.subarray(1)]),
      (bytes: Uint8Array) => Uint8Array.from([0x30, 0x84, ...bytes.subarray(2)]),
      () => Uint8Array.from([0x30, 0x00])
    ]) expect(await failing(await make(key, { spoil }))).to.equal('InvalidCryptoExchangeError')
  })
})
