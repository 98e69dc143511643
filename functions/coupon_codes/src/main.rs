//! The Lambda of this resource group; see the library of the same name.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(coupon_codes::routes).await
}
