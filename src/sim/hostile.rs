//! Texts that break careless readers, for names, servers, firmwares.
//!
//! A phone tells what its users typed, and what its owners' providers configured. These are the
//! worst of it in one list, so that every test of a reader goes through the same.

/// One text a trouble: quotes, line ends, controls, bidi overrides, markup, braces, sheer length.
pub fn texts() -> Vec<String> {
    let short = [
        "a \"quoted\" \\ name",
        "two\nlines\r\nand a\ttab",
        "\u{0}\u{1}\u{1b}[31mred\u{7f}",
        "\u{202e}desrever\u{202c}\u{200f}\u{feff}",
        "<script>alert('x')</script>&amp;",
        "{phone=\"other\"} 1 # EOF",
        "%s%n ${x} {{ x }}",
        "J\u{f6}rg \u{2603} \u{1f4de} \u{65e5}\u{672c}",
        " leading, trailing ",
    ];
    short
        .into_iter()
        .map(str::to_owned)
        .chain(["x".repeat(10_000)])
        .collect()
}
