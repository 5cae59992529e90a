//! Weights of a checkpoint, one tensor after the other: memory holds the model and one tensor, not the file beside it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde::Deserialize;
use tch::nn::VarStore;
use tch::{Kind, Tensor, no_grad};

use crate::domain::engine::TORCH;

/// A longer list of tensors than this is none: large models need a few hundred bytes for each of some hundred tensors.
const MAX_HEADER: u64 = 16 * 1024 * 1024;

/// Where the data of the header ends and the tensors begin: eight bytes say how long it is.
const HEADER_AT: u64 = 8;

/// Fills every variable of the model from the network file of a folder.
pub(super) fn load(store: &VarStore, folder: &Path) -> Result<(), String> {
    let Some(name) = TORCH.into_iter().find(|name| folder.join(name).is_file()) else {
        return Err(format!("there is neither {} nor {}", TORCH[0], TORCH[1]));
    };
    let path = folder.join(name);
    let loaded = if name == TORCH[0] { from_safetensors(store, &path) } else { from_torch(store, &path) };
    loaded.map_err(|reason| format!("{name}: {reason}"))
}

/// Older checkpoints call the two numbers of a normalisation otherwise.
fn current_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((place, "gamma")) => format!("{place}.weight"),
        Some((place, "beta")) => format!("{place}.bias"),
        _ => name.to_owned(),
    }
}

fn from_torch(store: &VarStore, path: &Path) -> Result<(), String> {
    let tensors = Tensor::load_multi(path).map_err(|e| e.to_string())?;
    let mut tensors: HashMap<String, Tensor> = tensors.into_iter().map(|(name, tensor)| (current_name(&name), tensor)).collect();
    for (name, variable) in store.variables() {
        let tensor = tensors.remove(&name).ok_or_else(|| missing(&name))?;
        put(&name, variable, &tensor)?;
    }
    Ok(())
}

/// A tensor in the header of a safetensors file.
#[derive(Debug, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u32>,
    data_offsets: [u64; 2],
}

fn from_safetensors(store: &VarStore, path: &Path) -> Result<(), String> {
    let mut file = File::open(path).map_err(|e| e.to_string())?;
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| "it is too short".to_owned())?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err("it is no safetensors file: its list of tensors would be too long".to_owned());
    }
    let mut header = Vec::new();
    (&mut file).take(length).read_to_end(&mut header).map_err(|e| e.to_string())?;
    let mut entries: HashMap<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|e| format!("its list of tensors cannot be read: {e}"))?;
    entries.remove("__metadata__");
    let mut entries: HashMap<String, serde_json::Value> = entries.into_iter().map(|(name, entry)| (current_name(&name), entry)).collect();
    for (name, variable) in store.variables() {
        let entry = entries.remove(&name).ok_or_else(|| missing(&name))?;
        let entry: Entry = serde_json::from_value(entry).map_err(|e| format!("`{name}`: {e}"))?;
        let tensor = entry.read(&mut file, HEADER_AT + length).map_err(|reason| format!("`{name}`: {reason}"))?;
        put(&name, variable, &tensor)?;
    }
    Ok(())
}

impl Entry {
    fn read(&self, file: &mut File, data_at: u64) -> Result<Tensor, String> {
        let kind = match self.dtype.as_str() {
            "F64" => Kind::Double,
            "F32" => Kind::Float,
            "F16" => Kind::Half,
            "BF16" => Kind::BFloat16,
            other => return Err(format!("numbers of the kind {other} are not read")),
        };
        let numbers = self.shape.iter().try_fold(1_u64, |all, side| all.checked_mul(u64::from(*side)));
        let bytes = numbers.and_then(|n| n.checked_mul(kind.elt_size_in_bytes() as u64)).ok_or("it is larger than any memory")?;
        let [from, to] = self.data_offsets;
        if to.checked_sub(from) != Some(bytes) {
            return Err("its place in the file has another size than its shape".to_owned());
        }
        let at = data_at.checked_add(from).ok_or("it lies outside of the file")?;
        file.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
        let mut data = Vec::new();
        let read = file.take(bytes).read_to_end(&mut data).map_err(|e| e.to_string())?;
        if read as u64 != bytes {
            return Err("the file ends before it".to_owned());
        }
        let shape: Vec<i64> = self.shape.iter().map(|side| i64::from(*side)).collect();
        Tensor::f_from_data_size(&data, &shape, kind).map_err(|e| e.to_string())
    }
}

fn missing(name: &str) -> String {
    format!("it has no `{name}`; its config.json names another architecture than its weights are of")
}

/// Copying alone would spread a tensor of another shape over the variable.
fn put(name: &str, mut variable: Tensor, tensor: &Tensor) -> Result<(), String> {
    if tensor.size() != variable.size() {
        return Err(format!("`{name}` has the shape {:?}, its config.json asks for {:?}", tensor.size(), variable.size()));
    }
    no_grad(|| variable.f_copy_(tensor)).map_err(|e| format!("`{name}`: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, nn};

    fn store() -> VarStore {
        let store = VarStore::new(Device::Cpu);
        let _ = store.root().sub("norm").var("weight", &[2], nn::Init::Const(0.0));
        store
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn load_bytes(bytes: &[u8]) -> Result<Vec<f32>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(TORCH[0]), bytes).expect("written");
        let store = store();
        load(&store, folder.path())?;
        Ok(Vec::try_from(&store.variables()["norm.weight"]).expect("numbers"))
    }

    #[test]
    fn tensors_are_read_under_their_old_names_and_from_half_the_bits() {
        let header = r#"{"__metadata__":{"format":"pt"},"more":{"dtype":"I64","shape":[1],"data_offsets":[4,12]},
            "norm.gamma":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#;
        assert_eq!(load_bytes(&file(header, &[0x80, 0x3f, 0x00, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0])), Ok(vec![1.0, -2.0]));
    }

    #[test]
    fn files_that_lie_about_themselves_are_refused_in_words() {
        let entry = |dtype: &str, shape: &str, offsets: &str| {
            file(&format!(r#"{{"norm.weight":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#), &[0; 8])
        };
        for (bytes, says) in [
            (b"short".to_vec(), "too short"),
            (vec![0xff; 64], "too long"),
            (file("{", b""), "cannot be read"),
            (file("{}", b""), "no `norm.weight`"),
            (entry("F32", "[2]", "[0,4]"), "another size"),
            (entry("F32", "[2]", "[8,0]"), "another size"),
            (entry("F32", "[2]", "[4,12]"), "ends before"),
            (entry("F32", "[2]", "[18446744073709551600,18446744073709551608]"), "outside"),
            (entry("F32", "[4294967295,4294967295,4294967295]", "[0,8]"), "larger"),
            (entry("F32", "[-2]", "[0,8]"), "invalid value"),
            (entry("I8", "[8]", "[0,8]"), "I8"),
            (entry("F32", "[1,2]", "[0,8]"), "the shape [1, 2]"),
            (entry("F64", "[1]", "[0,8]"), "the shape [1]"),
        ] {
            let error = load_bytes(&bytes).expect_err("refused");
            assert!(error.starts_with("model.safetensors: ") && error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_model_of_torch_itself_is_read_too() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(load(&store(), folder.path()).expect_err("nothing there").contains("rust_model.ot"));
        let numbers = Tensor::from_slice(&[0.5_f32, 4.0]);
        Tensor::save_multi(&[("norm.weight", numbers)], folder.path().join(TORCH[1])).expect("written");
        let store = store();
        load(&store, folder.path()).expect("loaded");
        assert_eq!(Vec::<f32>::try_from(&store.variables()["norm.weight"]).expect("numbers"), [0.5, 4.0]);
        std::fs::write(folder.path().join(TORCH[1]), b"nothing of the kind").expect("written");
        assert!(load(&store, folder.path()).expect_err("refused").starts_with("rust_model.ot: "));
    }
}
