"""Raw files: hits of photomultipliers in ROOT files of any layout.

In: TTree or RNTuple and a branch map. Out: `RawEvents`, chunk by chunk. Start with `raw_events`.
"""
