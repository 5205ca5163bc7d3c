"""Local Kafka: find Java and the jars, start a cluster, make topics."""

from meekoppel_hub.platform.kafka.admin import ensure_topics
from meekoppel_hub.platform.kafka.cluster import LocalKafka, start_kafka

__all__ = ["LocalKafka", "ensure_topics", "start_kafka"]
