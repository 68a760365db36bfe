export {
  BlockMismatchError, BootstrapError, ConfigError, DataInUseError, InvalidLinkError, ListenError, ManifestError, NotFoundError, OriginError,
  PublishError, ShoalError, StoreError, StoreFullError, TokenError, UnauthorisedError, UnavailableError, WireError
} from '@shoal/interface'
