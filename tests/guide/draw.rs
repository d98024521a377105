//! Pictures from data: plain SVG for pages that are light or dark. There is no script, no style,
//! and no blank line, which would end a picture in Markdown.

/// Text and lines, readable on white and on black.
pub const GREY: &str = "#767676";
/// The colours of good news, and of whatever waits or goes wrong.
pub const BLUE: &str = "#3b82d6";
pub const ORANGE: &str = "#d0762a";

/// How a shape is filled, and its outline.
#[derive(Clone, Copy)]
pub struct Look {
    pub fill: &'static str,
    /// In percent.
    pub opacity: usize,
    pub outline: &'static str,
    pub is_dashed: bool,
}

impl Look {
    /// Only filled.
    pub fn filled(fill: &'static str, opacity: usize) -> Look {
        Look {
            fill,
            opacity,
            outline: "none",
            is_dashed: false,
        }
    }

    /// Filled lightly, with an outline.
    pub fn boxed(colour: &'static str) -> Look {
        Look {
            outline: colour,
            ..Look::filled(colour, 25)
        }
    }
}

/// Where a text stands, beside its point.
#[derive(Clone, Copy)]
pub enum At {
    Start,
    Middle,
    End,
}

/// A picture that is being drawn.
pub struct Picture {
    width: usize,
    height: usize,
    title: String,
    body: String,
}

impl Picture {
    /// An empty one. The title is for those who cannot see it.
    pub fn new(title: &str, width: usize, height: usize) -> Picture {
        assert!(width <= 760, "a page is no wider");
        Picture {
            width,
            height,
            title: title.to_string(),
            body: String::new(),
        }
    }

    pub fn text(&mut self, (x, y): (usize, usize), at: At, words: &str) {
        self.words((x, y), at, "", words);
    }

    pub fn bold(&mut self, (x, y): (usize, usize), at: At, words: &str) {
        self.words((x, y), at, " font-weight=\"bold\"", words);
    }

    fn words(&mut self, (x, y): (usize, usize), at: At, font: &str, words: &str) {
        let anchor = match at {
            At::Start => "start",
            At::Middle => "middle",
            At::End => "end",
        };
        self.body += &format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{GREY}\"{font}>{}</text>\n",
            escaped(words)
        );
    }

    /// A rectangle from its upper left corner.
    pub fn rectangle(&mut self, (x, y): (usize, usize), (w, h): (usize, usize), look: Look) {
        let Look { fill, outline, .. } = look;
        let opacity = look.opacity as f64 / 100.0;
        let dashes = dashes(look.is_dashed);
        self.body += &format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"3\" fill=\"{fill}\" \
             fill-opacity=\"{opacity}\" stroke=\"{outline}\" stroke-width=\"1.5\"{dashes}/>\n"
        );
    }

    /// A way through points: `M`, `L`, `H` and `V` as SVG has them.
    pub fn way(&mut self, way: &str, colour: &str, width: &str, is_dashed: bool) {
        let dashes = dashes(is_dashed);
        self.body += &format!(
            "<path d=\"{way}\" fill=\"none\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"{dashes}/>\n"
        );
    }

    /// An area inside a way.
    pub fn area(&mut self, way: &str, look: Look) {
        let opacity = look.opacity as f64 / 100.0;
        self.body += &format!(
            "<path d=\"{way}Z\" fill=\"{}\" fill-opacity=\"{opacity}\"/>\n",
            look.fill
        );
    }

    /// A straight line with a head.
    pub fn arrow(
        &mut self,
        from: (usize, usize),
        to: (usize, usize),
        colour: &'static str,
        dashed: bool,
    ) {
        let [(fx, fy), (tx, ty)] = [from, to].map(|(x, y)| (x as f64, y as f64));
        let length = (tx - fx).hypot(ty - fy);
        let (dx, dy) = ((tx - fx) / length, (ty - fy) / length);
        let back = |along: f64, aside: f64| {
            let (x, y) = (tx - along * dx - aside * dy, ty - along * dy + aside * dx);
            format!("{x:.1} {y:.1}")
        };
        let neck = back(6.0, 0.0);
        self.way(&format!("M{fx} {fy}L{neck}"), colour, "2", dashed);
        let [left, right] = [4.5, -4.5].map(|aside| back(9.0, aside));
        let head = Look::filled(colour, 100);
        self.area(&format!("M{tx} {ty}L{left}L{right}"), head);
    }

    pub fn dot(&mut self, (x, y): (usize, usize), colour: &str) {
        self.body += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"5\" fill=\"{colour}\"/>\n");
    }

    /// The text of the file.
    pub fn end(self) -> String {
        let Picture {
            width,
            height,
            title,
            body,
        } = self;
        let title = escaped(&title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\" \
             font-family=\"Helvetica, Arial, sans-serif\" font-size=\"14\">\n\
             <title>{title}</title>\n{body}</svg>\n"
        )
    }
}

fn dashes(is_dashed: bool) -> &'static str {
    if is_dashed {
        " stroke-dasharray=\"6 4\""
    } else {
        ""
    }
}

/// Text in an element or an attribute.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
