//! Says what to do where the page that the binary carries has not been built.

fn main() {
    let page = "../../web/dist/console.html";
    // The folder, since a change may give any of the files another name.
    println!("cargo::rerun-if-changed=../../web/dist");
    if !std::path::Path::new(page).exists() {
        println!(
            "cargo::error=the page has not been built: run `make web` (or `npm ci && npm run build` in web/)"
        );
    }
}
