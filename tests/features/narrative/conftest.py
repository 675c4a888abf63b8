from tests.storage.fixtures import documents, new_documents

__all__ = ["documents", "new_documents"]
