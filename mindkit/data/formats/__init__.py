"""One reader a file format; each recognises its own files.

A reader is a module with

    TITLE                         what the format is called, in words
    recognises(source) -> bool    True if the source is laid out so; reads as little as it can
    read(source, request) -> Raw  the samples as they stand there

`recognises` may raise DataError for a file that is damaged or holds more than plain data.
"""
