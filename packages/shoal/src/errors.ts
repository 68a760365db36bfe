export {
  BlockMismatchError, BootstrapError, ConfigError, DataInUseError, InvalidLinkError, ListenError, ManifestError, NotFoundError, OriginError,
  PublishError, ShoalError, StoreError, StoreFullError, UnavailableError, WireError
} from '@shoal/interface'
