"""Pictures in characters: plain arrays in, styled rows and a cell map out."""
