//! Each rule of ordered delivery is needed: with it switched off, a program that passes otherwise goes wrong.
