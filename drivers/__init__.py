"""Everything that speaks to hardware: bytes in, readings out; actuations in, bytes out."""
