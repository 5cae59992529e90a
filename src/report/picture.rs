//! Charts as pictures for slides: SVG as it is, PNG drawn from it with the fonts of the program.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::error::ReportError;
use super::fonts::Chosen;

/// Pixels of PNG for one of SVG: sharp on a large screen.
const SCALE: f32 = 2.0;

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for data in typst_assets::fonts() {
        fonts.load_font_data(data.to_vec());
    }
    fonts.set_serif_family(crate::chart::svg::FAMILY);
    Arc::new(fonts)
});

/// A chart as PNG. Takes some milliseconds of a core.
pub fn png(svg: &str) -> Result<Vec<u8>, ReportError> {
    let refused = |what: &str| ReportError::Unwritable(format!("the picture: {what}"));
    let options = Options { fontdb: FONTS.clone(), ..Options::default() };
    let marked = Chosen::bundled(svg).marked(svg);
    let svg = marked.as_ref().map_or(svg, |(marked, _)| marked);
    let tree = Tree::from_str(svg, &options).map_err(|e| refused(&e.to_string()))?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| refused("it has no size"))?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(|| refused("it is too large"))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| refused(&e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_twice_the_size_of_its_drawing() {
        let png = png("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20\"><rect width=\"30\" height=\"20\"/></svg>")
            .expect("a picture");
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert_eq!(png[16..24], [0, 0, 0, 60, 0, 0, 0, 40]);
        assert!(super::png("<svg").is_err());
    }
}
