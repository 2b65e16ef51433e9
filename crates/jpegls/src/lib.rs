//! A JPEG-LS (ISO 14495-1) decoder for untrusted medical images.
