"""What loaders do with samples: fetching, collating, worker processes."""

from flambeau.utils.data._utils import collate, fetch, worker

MP_STATUS_CHECK_INTERVAL = worker.MP_STATUS_CHECK_INTERVAL

__all__ = ["MP_STATUS_CHECK_INTERVAL", "collate", "fetch", "worker"]
