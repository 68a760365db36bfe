import { expect } from 'chai'
import * as errors from '../src/errors.js'
import { OriginError, ShoalError, TokenError } from '../src/errors.js'

type ErrorClass = new (message: string) => ShoalError

const classes = Object.entries(errors).filter(([name]) => name !== 'ShoalError') as [string, ErrorClass][]

/** Programs compare with these: changing or removing one is a breaking change. */
const CODES = {
  BlockMismatchError: 'ERR_BLOCK_MISMATCH',
  BootstrapError: 'ERR_BOOTSTRAP',
  ConfigError: 'ERR_CONFIG',
  DataInUseError: 'ERR_DATA_IN_USE',
  InvalidLinkError: 'ERR_INVALID_LINK',
  ListenError: 'ERR_LISTEN',
  ManifestError: 'ERR_MANIFEST',
  NotFoundError: 'ERR_NOT_FOUND',
  OriginError: 'ERR_ORIGIN',
  PageNotLoadedError: 'ERR_PAGE_NOT_LOADED',
  PublishError: 'ERR_PUBLISH',
  PurgedError: 'ERR_PURGED',
  RetiredError: 'ERR_RETIRED',
  StoreError: 'ERR_STORE',
  StoreFullError: 'ERR_STORE_FULL',
  TokenError: 'ERR_TOKEN',
  UnauthorisedError: 'ERR_UNAUTHORISED',
  UnavailableError: 'ERR_UNAVAILABLE',
  WireError: 'ERR_WIRE'
}

describe('errors', () => {
  it('keep their names and codes', () => {
    const found = classes.map(([name, Class]) => [name, new Class('').code])
    expect(Object.fromEntries(found)).to.deep.equal(CODES)
  })

  it('have a code each that no other has', () => {
    const codes = classes.map(([, Class]) => new Class('').code)
    expect(new Set(codes).size).to.equal(codes.length)
  })

  for (const [name, Class] of classes) {
    it(`${name} is a ShoalError and an Error by that name, with its message and a stack`, () => {
      const error = new Class('expected a, got b')
      expect(error).to.be.instanceOf(ShoalError).and.instanceOf(Error)
      expect(error).to.include({ name, message: 'expected a, got b' })
      expect(String(error)).to.equal(`${name}: expected a, got b`)
      expect(error.stack).to.include('expected a, got b')
    })
  }

  it('OriginError carries the status and the cause', () => {
    const cause = new TypeError('refused')
    const error = new OriginError('no answer', 503, { cause })
    expect([error.status, error.cause]).to.deep.equal([503, cause])
    expect(new OriginError('no answer').status).to.equal(undefined)
  })

  it('TokenError carries its reason and the cause', () => {
    const cause = new TypeError('refused')
    const error = new TokenError('too late', 'expired', { cause })
    expect([error.reason, error.cause]).to.deep.equal(['expired', cause])
    expect(new TokenError('nonsense').reason).to.equal('malformed')
  })
})
