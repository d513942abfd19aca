"""Anomaly detection, under the name PyTorch has for its module."""

from .saved import detect_anomaly, set_detect_anomaly

__all__ = ["detect_anomaly", "set_detect_anomaly"]
