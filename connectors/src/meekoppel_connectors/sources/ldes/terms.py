"""The words of RDF, TREE and LDES that a stream is made of.

Source: the TREE hypermedia specification and the Linked Data Event Streams specification (SEMIC).
"""

from __future__ import annotations

from pyoxigraph import NamedNode

_TREE = "https://w3id.org/tree#"
_LDES = "https://w3id.org/ldes#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

TYPE = NamedNode(f"{_RDF}type")
FIRST = NamedNode(f"{_RDF}first")
REST = NamedNode(f"{_RDF}rest")

EVENT_STREAM = NamedNode(f"{_LDES}EventStream")
TIMESTAMP_PATH = NamedNode(f"{_LDES}timestampPath")
VERSION_OF_PATH = NamedNode(f"{_LDES}versionOfPath")
VERSION_DELETE_OBJECT = NamedNode(f"{_LDES}versionDeleteObject")

VIEW = NamedNode(f"{_TREE}view")
MEMBER = NamedNode(f"{_TREE}member")
RELATION = NamedNode(f"{_TREE}relation")
NODE = NamedNode(f"{_TREE}node")
PATH = NamedNode(f"{_TREE}path")
VALUE = NamedNode(f"{_TREE}value")
ENDS_BEFORE = NamedNode(f"{_TREE}LessThanRelation")
ENDS_AT = frozenset({NamedNode(f"{_TREE}LessThanOrEqualToRelation"), NamedNode(f"{_TREE}EqualToRelation")})

GENERATED_AT = "http://www.w3.org/ns/prov#generatedAtTime"
IS_VERSION_OF = "http://purl.org/dc/terms/isVersionOf"
DELETE = "https://www.w3.org/ns/activitystreams#Delete"


def local_name(iri: str) -> str:
    """Give the last part of an IRI, by which fields are called: `…/ns/mobiliteit#Inname.status` → `Inname.status`."""
    bare = iri.rstrip("/#")
    return bare[max(bare.rfind("#"), bare.rfind("/")) + 1 :] or iri
