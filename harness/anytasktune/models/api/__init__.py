"""Models behind an HTTP interface: chat and plain completions as OpenAI defined them, and Anthropic's messages.

lm-eval keeps its task side; the transport is ours: bounded retries that listen to the server, every answer on disk as
it arrives, tokens and cost counted, and a row that failed for good is missing, never wrong.
"""
