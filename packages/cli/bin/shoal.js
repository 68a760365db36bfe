#!/usr/bin/env node
// a file of its own, for what the compiler writes cannot be executed
import '../dist/src/bin.js'
