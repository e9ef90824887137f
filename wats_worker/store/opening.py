"""Open the store that a configuration names."""

from wats_worker.settings.store import StoreSettings
from wats_worker.store.bucket import Bucket, BucketStore


def open_bucket(settings: StoreSettings, *, patience_s: float = 10.0) -> BucketStore:
    """The bucket that ``url`` names. Nothing is asked of it yet."""
    access_key, secret_key = settings.access_key, settings.secret_key
    return BucketStore(
        Bucket(
            bucket=settings.bucket,
            prefix=settings.prefix,
            endpoint=settings.endpoint,
            region=settings.region,
            access_key=access_key.get_secret_value() if access_key else None,
            secret_key=secret_key.get_secret_value() if secret_key else None,
            ca_file=settings.ca_file,
            patience_s=patience_s,
        )
    )
